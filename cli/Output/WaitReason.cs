using System.Globalization;
using AgentGrid.Cli.Client;

namespace AgentGrid.Cli.Output;

/// <summary>What a run that has not ended is held up by, and where to look next.</summary>
internal static class WaitReason
{
    /// <summary>Whether it waits for an agent, so that it is worth knowing how they are.</summary>
    public static bool ByAnAgent(RunView run) =>
        run.Steps.Any(s => s.Status == "running" && s.Attempts.Any(a => a.Status == "queued"));

    /// <param name="agents">By name; none where nothing is known of them.</param>
    public static IEnumerable<string> Lines(RunView run, IReadOnlyDictionary<string, AgentView> agents, DateTimeOffset now)
    {
        if (run.Status == "scheduled")
        {
            return [$"for its start time, {Show.Time(run.StartsAt)}"];
        }
        if (run.Status == "queued")
        {
            return [run.WaitsFor ?? "for its turn: no more runs may be active; see 'agentgrid runs --status running'"];
        }
        return run.Steps.Select(s => Line(run, s)).OfType<string>().Concat(
            from step in run.Steps
            where step.Status == "running"
            from alike in step.Attempts.GroupBy(a => a.Branch).Select(Decisive).GroupBy(a => (a.Agent, a.Status))
            let line = Line(step, alike.First(), agents, now)
            where line is not null
            select alike.Count() == 1
                ? line
                : string.Create(CultureInfo.InvariantCulture, $"{line} (and {alike.Count() - 1} more of this step)"));
    }

    // Beside a backup it is not always the last.
    private static AttemptView Decisive(IEnumerable<AttemptView> ofBranch)
    {
        var attempts = ofBranch.ToList();
        return attempts.FindLast(static a => a.Status == "running")
            ?? attempts.FindLast(static a => a.Status == "queued")
            ?? attempts.FindLast(static a => !a.IsHedge || a.Status == "succeeded")
            ?? attempts[^1];
    }

    private static string? Line(RunView run, StepView step) => step.Wait switch
    {
        null => null,
        { Approval: { } asked } wait =>
            $"step '{step.Id}': for a decision, until {Show.Time(wait.Until)}: {asked.Title} "
            + $"('agentgrid approve {run.RunId} {step.Id}')",
        var wait =>
            $"step '{step.Id}': for the signal '{wait.Signal}', until {Show.Time(wait.Until)} "
            + $"('agentgrid signal {run.RunId} {wait.Signal}')",
    };

    private static string? Line(
        StepView step, AttemptView last, IReadOnlyDictionary<string, AgentView> agents, DateTimeOffset now) => last switch
        {
            { Status: "queued" } when agents.GetValueOrDefault(last.Agent) is { Drained: true } =>
                $"step '{step.Id}': for '{last.Agent}', for {Show.Span(last.QueuedAt, now)}: the agent is "
                + $"drained, and takes no attempts until 'agentgrid undrain {last.Agent}'",
            { Status: "queued" } when agents.GetValueOrDefault(last.Agent) is { RateLimit: { Left: 0 } rate } =>
                $"step '{step.Id}': for '{last.Agent}', for {Show.Span(last.QueuedAt, now)}: {rate.InWords}",
            { Status: "queued" } =>
                $"step '{step.Id}': for a slot of '{last.Agent}', for {Show.Span(last.QueuedAt, now)}; "
                + "see 'agentgrid agents', and who has the slots in 'agentgrid runs --status running'",
            { Status: "failed" or "timed_out", RetryAt: { } at } => string.Create(CultureInfo.InvariantCulture,
                $"step '{step.Id}': attempt {last.Attempt + 1} starts at {Show.Time(at)}, because attempt {last.Attempt} of "
                + $"'{last.Agent}' failed: {last.Error?.Message ?? last.Status}"),
            _ => null,
        };
}
