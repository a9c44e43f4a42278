namespace AgentGrid.Core.Grid;

/// <summary>An attempt that was cancelled or timed out, but whose agent has not returned since.</summary>
/// <param name="Node">Where its agent is.</param>
/// <param name="CancelledAt">When its agent was asked to stop.</param>
/// <param name="SlotHeldUntil">When its slot is freed at the latest; null once the slot is free.</param>
public sealed record AbandonedAttempt(
    RunId RunId, string MatchId, string Round, string Step, int Attempt, string Node, DateTimeOffset CancelledAt,
    DateTimeOffset? SlotHeldUntil);
