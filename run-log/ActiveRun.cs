using AgentGrid.Core;
using AgentGrid.Core.Runs;

namespace AgentGrid.RunLog;

/// <summary>A run that has not ended.</summary>
/// <param name="Status">Queued or running.</param>
/// <param name="Tenant">Who posted it; null when nobody was named.</param>
public sealed record ActiveRun(RunId RunId, RunKey Key, RunStatus Status, int Priority, string? Tenant);
