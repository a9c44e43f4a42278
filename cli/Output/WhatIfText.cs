using System.Globalization;
using AgentGrid.Simulation.WhatIf;

namespace AgentGrid.Cli.Output;

/// <summary>What would have been, for people.</summary>
internal static class WhatIfText
{
    private const int MostPlacements = 20;

    public static void Print(Screen screen, WhatIfReport report)
    {
        foreach (var left in report.LeftOut)
        {
            screen.Note($"left out: {left.Count} runs of plan '{left.Plan}': {left.Why}");
        }
        foreach (var warning in report.Warnings)
        {
            screen.Note(warning);
        }
        screen.Line(string.Create(
            CultureInfo.InvariantCulture,
            $"{report.Runs} runs since {Show.Time(report.From)}, load x{report.Load}, on {string.Join(", ", report.Nodes)}"));
        screen.Line();
        screen.Table(
            ["", "completed", "failed", "cancelled", "not ended", "first arrival to last end"],
            [Totals("recorded", report.Recorded), Totals("what if", report.WhatIf)]);
        screen.Line();
        screen.Table(
            ["plan", "", "runs", "failed", "p50 s", "p99 s", "max s", "queue wait p50 s", "p99 s"],
            report.Plans.SelectMany(static p => new[] { Row(p.Plan, "recorded", p.Recorded), Row("", "what if", p.WhatIf) }));
        screen.Line();
        screen.Table(
            ["agent", "", "attempts", "busy s", "slot wait p50 s", "p99 s"],
            report.Agents.SelectMany(static a => new[] { Row(a.Agent, "recorded", a.Recorded), Row("", "what if", a.WhatIf) }));
        if (!report.Placements.IsEmpty)
        {
            screen.Line();
            screen.Table(
                ["plan", "step", "was", "would be", "times", "why, the last time"],
                report.Placements.Take(MostPlacements).Select(static p => new object[]
                {
                    p.Plan, p.Step, p.Was, p.WouldBe, Show.Number(p.Count), p.Why,
                }));
        }
        screen.Line();
        screen.Line(Answers(report));
    }

    private static string Answers(WhatIfReport report)
    {
        var (recorded, sampled, cutOff, unknown) = report.Answers;
        var text = $"Attempts: {recorded} as recorded, {sampled} sampled from what their agents did (seed {report.Seed})";
        text += cutOff > 0 ? $", {cutOff} that had run out of time, so nobody knows how long they would have taken" : "";
        return text + (unknown > 0 ? $", {unknown} guessed: the journal has nothing of their agents." : ".");
    }

    private static object[] Totals(string name, WhatIfTotals totals) =>
    [
        name, Show.Number(totals.Completed), Show.Number(totals.Failed), Show.Number(totals.Cancelled), Show.Number(totals.Unended),
        totals.SpanSeconds is { } span ? Show.Span(TimeSpan.FromSeconds(span)) : Show.Nothing,
    ];

    private static object[] Row(string plan, string name, PlanTimes times) =>
    [
        plan, name, Show.Number(times.Completed + times.Failed + times.Cancelled), Show.Number(times.Failed), Seconds(times.P50Seconds),
        Seconds(times.P99Seconds), Seconds(times.MaxSeconds), Seconds(times.WaitP50Seconds), Seconds(times.WaitP99Seconds),
    ];

    private static object[] Row(string agent, string name, AgentTimes times) =>
    [
        agent, name, Show.Number(times.Attempts), Show.Number(times.BusySeconds), Seconds(times.WaitP50Seconds), Seconds(times.WaitP99Seconds),
    ];

    private static string Seconds(double? seconds) => seconds is { } value ? Show.Number(value) : Show.Nothing;
}
