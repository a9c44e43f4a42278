using AgentGrid.Core.Plans;

namespace AgentGrid.Engine.Driving;

/// <summary>Of an attempt whose step may ask backups: what it counts for in the budget of that step.</summary>
/// <param name="Step">The step, by plan and id: all its runs share a budget.</param>
/// <param name="Budget">What backups may cost beside the other attempts.</param>
/// <param name="IsBackup">It is one, and is refused when the budget has nothing left.</param>
public sealed record HedgedStep(string Step, HedgeBudget Budget, bool IsBackup);
