using System.Globalization;
using AgentGrid.Cli.Client;

namespace AgentGrid.Cli.Output;

/// <summary>What a run that has not ended is held up by, and where to look next.</summary>
internal static class HeldUp
{
    public static IEnumerable<string> Lines(RunView run, DateTimeOffset now)
    {
        if (run.Status == "queued")
        {
            return ["for its turn: as many runs as are allowed are active; see 'agentgrid runs --status running'"];
        }
        return
            from step in run.Steps
            where step.Status == "running"
            from alike in step.Attempts.GroupBy(a => a.Branch).Select(b => b.Last()).GroupBy(a => (a.Agent, a.Status))
            let line = Line(step, alike.First(), now)
            where line is not null
            select alike.Count() == 1
                ? line
                : string.Create(CultureInfo.InvariantCulture, $"{line} (and {alike.Count() - 1} more of this step)");
    }

    private static string? Line(StepView step, AttemptView last, DateTimeOffset now) => last switch
    {
        { Status: "queued" } =>
            $"step '{step.Id}': for a slot of '{last.Agent}', for {Show.Span(last.QueuedAt, now)}; "
            + "see 'agentgrid agents', and who has the slots in 'agentgrid runs --status running'",
        { Status: "failed" or "timed_out", RetryAt: { } at } => string.Create(CultureInfo.InvariantCulture,
            $"step '{step.Id}': attempt {last.Attempt + 1} comes at {Show.Time(at)}, since attempt {last.Attempt} of "
            + $"'{last.Agent}' has failed: {last.Error?.Message ?? last.Status}"),
        _ => null,
    };
}
