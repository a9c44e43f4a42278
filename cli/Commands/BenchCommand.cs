using System.CommandLine;
using AgentGrid.Cli.Output;
using AgentGrid.Core;

namespace AgentGrid.Cli.Commands;

/// <summary><c>bench</c>: a short closed-loop measure of a server, whatever agents it has.</summary>
internal static class BenchCommand
{
    private static readonly Json s_echoPlan = Json.Parse("""{"name":"bench","steps":{"echo":{"agent":"echo"}}}""");

    public static Command Create(CommandTree tree)
    {
        var plan = new Option<string?>("--plan")
        {
            Description = "The plan to run; without it, a plan of one step that the agent 'echo' answers.",
            HelpName = "name",
        };
        var concurrency = Arguments.Number("--concurrency", "How many runs to keep in flight, 1 to 1000.", 1, 1_000, 8);
        var time = Arguments.Duration(
            "--time", "How long to measure. [default: 5s]",
            TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(1));
        var warmup = Arguments.Duration(
            "--warmup", "How long to run before measuring. [default: 1s]",
            TimeSpan.Zero, TimeSpan.FromDays(1));
        var snapshot = new Option<string?>("--snapshot")
        {
            Description = "A JSON file whose object is posted as grid_snapshot.",
            HelpName = "file",
        };
        var command = new Command("bench", "Measure a server: post runs and wait for them, over and over, for a few seconds.")
        {
            plan, concurrency, time, warmup, snapshot,
        };
        tree.Handle(command, async (parsed, session, cancellationToken) =>
        {
            var load = new ClosedLoop(session.Server, session.Around.Time)
            {
                Plan = parsed.GetValue(plan) is { } named ? Json.From(named) : s_echoPlan,
                Snapshot = parsed.GetValue(snapshot) is { } file
                    ? await Files.ReadJsonAsync(file, cancellationToken)
                    : Json.EmptyObject,
            };
            // What is posted may take its time; whether somebody is there at all shows sooner.
            await session.Server.HealthAsync(cancellationToken);
            var measured = await load.MeasureAsync(
                parsed.GetValue(concurrency), parsed.GetValue(warmup) ?? TimeSpan.FromSeconds(1),
                parsed.GetValue(time) ?? TimeSpan.FromSeconds(5), cancellationToken);
            Print(session.Screen, measured);
            return measured.Failed == 0 ? ExitCode.Ok : ExitCode.RunFailed;
        });
        return command;
    }

    private static void Print(Screen screen, LoopResult measured)
    {
        if (screen.Json)
        {
            screen.Value(Json.From(measured));
            return;
        }
        screen.Table(
            ["in flight", "runs", "runs/s", "p50 ms", "p95 ms", "p99 ms", "max ms", "failed", "refused"],
            [[
                Show.Number(measured.Concurrency), Show.Number(measured.Runs), Show.Number(measured.RunsPerSecond),
                Show.Milliseconds(measured.P50Ms), Show.Milliseconds(measured.P95Ms), Show.Milliseconds(measured.P99Ms),
                Show.Milliseconds(measured.MaxMs), Show.Number(measured.Failed), Show.Number(measured.Refused),
            ]]);
    }
}
