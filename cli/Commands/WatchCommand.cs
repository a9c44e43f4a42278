using System.CommandLine;
using AgentGrid.Cli.Client;
using AgentGrid.Cli.Output;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Runs;

namespace AgentGrid.Cli.Commands;

/// <summary><c>watch</c>: events, live; of one run to its end, or of all of them until Ctrl-C.</summary>
internal static class WatchCommand
{
    public static Command Create(CommandTree tree)
    {
        var run = new Argument<string?>("run")
        {
            Description = "One run, by its id or as match_id/round; without it, every run.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var after = new Option<long?>("--after")
        {
            Description = "Begin after this event; 0 for all that are kept. [default: 0 for one run, else now]",
            HelpName = "seq",
        };
        after.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && long.TryParse(token.Value, out var seq) && seq < 0)
            {
                result.AddError($"--after must be the number of an event, from 0, not {seq}.");
            }
        });
        var match = new Option<string?>("--match") { Description = "Only this match_id.", HelpName = "id" };
        var stage = new Option<string?>("--stage")
        {
            Description = "Only this stage; motion:* and *:done match any rest.",
            HelpName = "pattern",
        };
        var command = new Command("watch", "Show events as they happen. Connects again by itself.")
        {
            run, after, match, stage,
        };
        tree.Handle(command, (parsed, session, cancellationToken) =>
        {
            var query = new FeedQuery(parsed.GetValue(after), parsed.GetValue(match), parsed.GetValue(stage));
            return parsed.GetValue(run) is { } named
                ? RunAsync(session, named, query, cancellationToken)
                : AllAsync(session, query, cancellationToken);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        Session session, string named, FeedQuery query, CancellationToken cancellationToken)
    {
        var id = await session.Server.ResolveAsync(named, cancellationToken);
        try
        {
            // Filtered here, because the event that ends the run must arrive whatever is shown.
            await foreach (var line in session.Feed.FollowRunAsync(id, query.After ?? 0, cancellationToken))
            {
                var e = new FeedEvent(
                    line.Seq, RunId.Parse(line.RunId), line.MatchId, line.Stage, line.EndsRun, line.Raw.Utf8);
                if (query.Matches(e))
                {
                    Print(session.Screen, line, withRun: false);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            session.Screen.Note($"Stopped watching; the run goes on: agentgrid watch {id}");
            return ExitCode.Interrupted;
        }
        var run = (await session.Server.RunAsync(id, cancellationToken)).To<RunView>()!;
        return run.Status == "completed" ? ExitCode.Ok : ExitCode.RunFailed;
    }

    private static async Task<int> AllAsync(Session session, FeedQuery query, CancellationToken cancellationToken)
    {
        var after = query.After ?? await session.Feed.LastSeqAsync(cancellationToken);
        var filter = (query.MatchId is null ? "" : $"&match_id={Uri.EscapeDataString(query.MatchId)}")
            + (query.Stage is null ? "" : $"&stage={Uri.EscapeDataString(query.Stage)}");
        await foreach (var line in session.Feed.FollowAsync(after, filter, cancellationToken))
        {
            if (line.IsReset && !session.Screen.Json)
            {
                session.Screen.Note(line.Text("message")!);
                continue;
            }
            Print(session.Screen, line, withRun: true);
        }
        return ExitCode.Ok;
    }

    private static void Print(Screen screen, FeedLine line, bool withRun)
    {
        if (screen.Json)
        {
            screen.Value(line.Raw);
            return;
        }
        screen.Line(EventText.Of(line, withRun));
    }
}
