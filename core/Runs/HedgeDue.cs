namespace AgentGrid.Core.Runs;

/// <summary>When a backup is asked, unless the attempt has ended by then.</summary>
/// <param name="At">Null: none is asked because of this attempt.</param>
/// <param name="Why">Where that time comes from, or why there is none.</param>
public sealed record HedgeDue(DateTimeOffset? At, string Why);
