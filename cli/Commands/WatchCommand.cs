using System.CommandLine;
using AgentGrid.Cli.Client;
using AgentGrid.Cli.Output;
using AgentGrid.Core;
using AgentGrid.Core.Feed;

namespace AgentGrid.Cli.Commands;

/// <summary><c>watch</c>: events, live; of one run to its end, or of all of them until Ctrl-C.</summary>
internal static class WatchCommand
{
    public static Command Create(CommandTree tree)
    {
        var name = new RunName();
        name.Run.Description = "One run, by its id or as match_id/round; without it, every run.";
        name.Match.Description = "Only this match_id; with --round the run with this key.";
        var after = Arguments.Event("--after", "Start after this event; 0 for all that are kept. [default: 0 for one run, else now]");
        var stage = new Option<string?>("--stage")
        {
            Description = "Only this stage; motion:* matches by its beginning, *:done by its end.",
            HelpName = "pattern",
        };
        stage.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: { Length: > 2 } text }]
                && text[1..^1].Contains('*', StringComparison.Ordinal))
            {
                result.AddError(
                    $"--stage is '{Names.Shorten(text)}'; '*' may only stand at its beginning or its end.");
            }
        });
        var command = new Command("watch", "Show events as they happen. Reconnects by itself.")
        {
            name.Run, after, name.Match, name.Round, stage,
        };
        command.Validators.Add(result =>
        {
            var (named, match, round) = name.Given(result);
            if (named ? match || round : round && !match)
            {
                result.AddError("name one run: by its id, as match_id/round, or with --match and --round.");
            }
        });
        tree.Handle(command, async (parsed, session, cancellationToken) =>
        {
            var (from, pattern) = (parsed.GetValue(after), parsed.GetValue(stage));
            if (parsed.GetValue(name.Run) is null && parsed.GetValue(name.Round) is null)
            {
                var query = new FeedQuery(from, parsed.GetValue(name.Match), pattern);
                return await AllAsync(session, query, cancellationToken);
            }
            var id = await name.ResolveAsync(parsed, session, cancellationToken);
            return await RunAsync(session, id, new FeedQuery(from, Stage: pattern), cancellationToken);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        Session session, string id, FeedQuery query, CancellationToken cancellationToken)
    {
        try
        {
            // Filtered here, because the event that ends the run must arrive whatever is shown.
            await foreach (var line in session.Feed.FollowRunAsync(id, query.After ?? 0, cancellationToken))
            {
                var e = new FeedEvent(
                    line.Seq, RunId.Parse(line.RunId!), line.MatchId!, line.Stage, line.EndsRun, line.Raw.Utf8);
                if (query.Matches(e))
                {
                    Print(session.Screen, line, withRun: false);
                }
            }
        }
        catch (OperationCanceledException) when (
            cancellationToken.IsCancellationRequested && !session.Around.OutputClosed.IsCancellationRequested)
        {
            session.Screen.Note($"Stopped watching; the run continues: agentgrid watch {id}");
            throw;
        }
        var json = await session.Connection.AskAsync(
            () => session.Server.RunAsync(id, cancellationToken), cancellationToken);
        var run = json.To<RunView>()!;
        return run.Status == "completed" ? ExitCode.Ok : ExitCode.RunFailed;
    }

    private static async Task<int> AllAsync(Session session, FeedQuery query, CancellationToken cancellationToken)
    {
        var after = query.After ?? await session.Feed.LastSeqAsync(cancellationToken);
        var filter = GridServer.Parameter("match_id", query.MatchId) + GridServer.Parameter("stage", query.Stage);
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
