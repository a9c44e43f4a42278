using System.Collections.Immutable;

namespace AgentGrid.RunLog.Recovery;

/// <summary>What a recovery found and did.</summary>
/// <param name="Kept">How many runs were kept: those that are sound.</param>
/// <param name="Dropped">A line for each run that was dropped: which one, and why.</param>
/// <param name="SetAside">The file that has what was dropped; null when nothing was.</param>
public sealed record RunLogRecoveryReport(int Kept, ImmutableArray<string> Dropped, string? SetAside);
