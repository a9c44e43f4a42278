using System.CommandLine;
using AgentGrid.Cli.Client;
using AgentGrid.Cli.Output;
using AgentGrid.Core;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace AgentGrid.Cli.Commands;

/// <summary><c>runs</c>: lists runs, newest first, once or again and again.</summary>
internal static class RunsCommand
{
    private static readonly string[] s_columns = ["run", "match/round", "plan", "status", "accepted", "duration"];

    public static Command Create(CommandTree tree)
    {
        var filters = new RunFilters();
        var limit = Arguments.Number("--limit", "How many, 1 to 1000.", 1, 1_000, 20);
        var cursor = new Option<string?>("--cursor")
        {
            Description = "Continue where a page ended: the 'next' that --json shows.",
            HelpName = "text",
        };
        var watch = new Option<bool>("--watch", "-w") { Description = "Keep refreshing until Ctrl-C." };
        var interval = Arguments.Duration(
            "--interval", "With --watch: how often to refresh. [default: 1s]",
            TimeSpan.FromMilliseconds(10), TimeSpan.FromDays(1));
        var command = new Command("runs", "List runs, newest first.");
        filters.AddTo(command);
        command.Add(limit);
        command.Add(cursor);
        command.Add(watch);
        command.Add(interval);
        command.Needs(interval, watch);
        tree.Handle(command, async (parsed, session, cancellationToken) =>
        {
            var query = filters.Query(parsed);
            var (most, from) = (parsed.GetValue(limit), parsed.GetValue(cursor));
            if (!parsed.GetValue(watch))
            {
                Print(session, await session.Server.RunsAsync(query, most, from, cancellationToken));
                return ExitCode.Ok;
            }
            using var timer = new PeriodicTimer(
                parsed.GetValue(interval) ?? TimeSpan.FromSeconds(1), session.Around.Time);
            // One page at each look: what is new is at its top, and a server is not searched again and again.
            Task<Json> Look() => session.Connection.AskAsync(
                () => session.Server.RunPageAsync(query, most, from, cancellationToken), cancellationToken);
            await (session.Screen.IsLive
                ? RedrawAsync(session, Look, timer, cancellationToken)
                : AppendAsync(session, Look, timer, cancellationToken));
            return ExitCode.Ok;
        });
        return command;
    }

    private static void Print(Session session, Json json)
    {
        var screen = session.Screen;
        if (screen.Json)
        {
            screen.Value(json);
            return;
        }
        var page = json.To<RunLines>()!;
        screen.Console.Write(TableOf(session, page));
        if (page.Next is not null)
        {
            screen.Note($"There are more: --cursor {page.Next}");
        }
    }

    private static IRenderable TableOf(Session session, RunLines page)
    {
        var now = session.Around.Time.GetUtcNow();
        return session.Screen.TableOf(s_columns, "reason", page.Runs.Select(r => (Row(r, now), r.Reason)));
    }

    private static object[] Row(RunLine run, DateTimeOffset now) =>
    [
        run.RunId, $"{run.MatchId}/{run.Round}", $"{run.Plan}@{run.PlanVersion}", Show.Status(run.State),
        Show.Time(run.AcceptedAt), Show.SpanSoFar(run.LastStartedAt, run.EndedAt, now),
    ];

    private static Task RedrawAsync(
        Session session, Func<Task<Json>> look, PeriodicTimer timer, CancellationToken cancellationToken) =>
        session.Screen.Console.Live(new Spectre.Console.Text("...")).StartAsync(async context =>
        {
            do
            {
                var page = (await look()).To<RunLines>()!;
                context.UpdateTarget(TableOf(session, page));
                context.Refresh();
            }
            while (await timer.WaitForNextTickAsync(cancellationToken));
        });

    /// <summary>A line for each run that is new or has another status than at the last look.</summary>
    private static async Task AppendAsync(
        Session session, Func<Task<Json>> look, PeriodicTimer timer, CancellationToken cancellationToken)
    {
        var seen = new Dictionary<string, string>(StringComparer.Ordinal);
        do
        {
            var page = await look();
            foreach (var run in page.Element.GetProperty("runs").EnumerateArray().Reverse().Select(Json.From))
            {
                var line = run.To<RunLine>()!;
                if (seen.GetValueOrDefault(line.RunId) == line.Status)
                {
                    continue;
                }
                seen[line.RunId] = line.Status;
                if (session.Screen.Json)
                {
                    session.Screen.Value(run);
                    continue;
                }
                var reason = line.Reason is null ? "" : $"  {line.Reason}";
                session.Screen.Line(
                    $"{line.RunId}  {line.MatchId}/{line.Round}  {line.Plan}@{line.PlanVersion}  {line.Status}" +
                    reason);
            }
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }
}
