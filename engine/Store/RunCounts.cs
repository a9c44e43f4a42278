namespace AgentGrid.Engine.Store;

/// <summary>How many runs have not ended, but for those whose time to start has not come.</summary>
/// <param name="Queued">They wait to be driven.</param>
/// <param name="Running">They are driven.</param>
public sealed record RunCounts(int Queued, int Running);
