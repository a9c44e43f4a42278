using AgentGrid.Core.Routing;

namespace AgentGrid.Engine.Durations;

/// <summary>What the steps of a plan go by among each other. It never changes.</summary>
/// <param name="By">Which of the usual orders it is.</param>
/// <param name="Seconds">How long each step takes, by its index.</param>
/// <param name="Paths">For each step, how long the longest path is that begins with it.</param>
internal sealed record StepOrder(UrgencyKind By, double[] Seconds, double[] Paths)
{
    /// <summary>By the index of a step.</summary>
    public Urgency Of(int step) => new(By, By == UrgencyKind.LongestStep ? Seconds[step] : Paths[step]);
}
