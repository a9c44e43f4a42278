using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;

namespace AgentGrid.Api.Orchestrate;

/// <summary>What was posted to start a run.</summary>
/// <param name="Input">
/// The body without <c>plan</c>, <c>priority</c>, <c>labels</c>, <c>on_conflict</c>, <c>start_at</c>, <c>delay</c> and <c>webhooks</c>, <c>round</c> as a string; otherwise the very text
/// that was sent.
/// </param>
internal sealed record OrchestrateBody(
    RunKey Key, Json Input, string? Plan, Json? InlinePlan, int Priority, DateTimeOffset? StartAt, TimeSpan? Delay)
{
    /// <summary>Whom or what the run is for, beside those of its plan; null for none.</summary>
    public Labels? Labels { get; init; }

    /// <summary>What happens where a run with another input has the key.</summary>
    public OnConflict OnConflict { get; init; }

    /// <summary>Who is told what becomes of it, beside those that its plan names.</summary>
    public ImmutableArray<Webhook> Webhooks { get; init; } = [];
}
