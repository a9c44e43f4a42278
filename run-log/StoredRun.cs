using AgentGrid.Core;
using AgentGrid.Core.Runs;

namespace AgentGrid.RunLog;

/// <summary>What is known of a run without replaying it.</summary>
/// <param name="Summary">As it was given with the last turn.</param>
/// <param name="Tenant">Who posted it; null when nobody was named.</param>
/// <param name="Version">How many events it has.</param>
public sealed record StoredRun(RunSummary Summary, string? Tenant, int Priority, long Version)
{
    public RunKey Key => new(Summary.MatchId, Summary.Round);
}
