using AgentGrid.Core.Plans;

namespace AgentGrid.Core.Runs;

/// <summary>The runs of a plan that have the same value in their input: of these so many are started at a time.</summary>
/// <param name="Key">Where the value is: <c>input.player</c>.</param>
/// <param name="Value">The value as text.</param>
/// <param name="Max">How many may have been started and not have ended, those that only wait included.</param>
/// <param name="Policy">What becomes of this run where others are in its way.</param>
public sealed record RunGroup(string Key, string Value, int Max, ConcurrencyPolicy Policy);
