using AgentGrid.Core;

namespace AgentGrid.Api.Orchestrate;

/// <summary>What was posted to start a run.</summary>
/// <param name="Input">
/// The body without <c>plan</c>, <c>priority</c>, <c>labels</c>, <c>start_at</c> and <c>delay</c>, <c>round</c> as a string; otherwise the very text that was sent.
/// </param>
internal sealed record OrchestrateBody(
    RunKey Key, Json Input, string? Plan, Json? InlinePlan, int Priority, DateTimeOffset? StartAt, TimeSpan? Delay, Labels? Labels);
