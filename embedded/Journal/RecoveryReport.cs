using System.Collections.Immutable;
using AgentGrid.Engine.Store;

namespace AgentGrid.Embedded.Journal;

/// <summary>What a recovery found and did.</summary>
/// <param name="Damage">What was wrong; null when the journal is sound, and nothing was done.</param>
/// <param name="SetAside">Where the damaged file is now.</param>
/// <param name="Kept">How many runs were kept.</param>
/// <param name="Dropped">A line for each run that was dropped, and for what else was lost.</param>
public sealed record RecoveryReport(string? Damage, string? SetAside, int Kept, ImmutableArray<string> Dropped)
{
    public static readonly RecoveryReport Sound = new(null, null, 0, []);
}
