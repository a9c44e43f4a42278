using System.Globalization;
using AgentGrid.Simulation.Faults;

namespace AgentGrid.Cli.Output;

/// <summary>What became of simulated runs, for people.</summary>
internal static class FaultText
{
    private const int MostBroken = 10;

    public static void Print(Screen screen, FaultReport report)
    {
        foreach (var warning in report.Warnings)
        {
            screen.Note(warning);
        }
        foreach (var broken in report.Broken.Take(MostBroken))
        {
            screen.Note($"promise broken, seed {broken.Seed}: {broken.What}");
        }
        var seeds = report.Seeds == 1 ? $"seed {report.FirstSeed}" : $"seeds {report.FirstSeed} to {report.FirstSeed + report.Seeds - 1}";
        screen.Line($"plan {report.Plan}, {seeds}: " + (report.Broken.IsEmpty
            ? "all promises held (every run ended, every result was recorded once, no limit was passed, no agent was tried too often)"
            : $"promises were broken with {Show.Number(report.Broken.Length)} seeds"));
        screen.Line();
        screen.Table(
            ["", "runs", "completed", "failed", "cancelled", "retries", "lost attempts", "p50 s", "p99 s", "max s", "slowest seed"],
            [Row("with faults", report.WithFaults), Row("nothing dies", report.WithoutFaults)]);
        if (!report.FailedSteps.IsEmpty)
        {
            screen.Line();
            screen.Table(
                ["failed at", "code", "runs", "seed"],
                report.FailedSteps.Select(static f => new object[] { f.Step ?? "the run", f.Code, Show.Number(f.Count), Show.Number(f.Seed) }));
        }
        if (report.Example is { } example)
        {
            Print(screen, example);
        }
    }

    private static void Print(Screen screen, ExampleRun example)
    {
        screen.Line();
        screen.Line($"run {example.Run} of seed {example.Seed} is {example.Status}; --seed {example.Seed} shows it again:");
        foreach (var entry in example.Timeline)
        {
            screen.Line(string.Create(CultureInfo.InvariantCulture, $"{entry.Seconds,10:0.000}s  {(entry.IsFault ? "!! " : "")}{entry.What}"));
        }
    }

    private static object[] Row(string name, FaultTotals totals) =>
    [
        name, Show.Number(totals.Runs), Show.Number(totals.Completed), Show.Number(totals.Failed), Show.Number(totals.Cancelled),
        Show.Number(totals.Retries), Show.Number(totals.Lost), Seconds(totals.P50Seconds), Seconds(totals.P99Seconds), Seconds(totals.MaxSeconds),
        totals.SlowestSeed is { } seed ? Show.Number(seed) : Show.Nothing,
    ];

    private static string Seconds(double? seconds) => seconds is { } value ? Show.Number(value) : Show.Nothing;
}
