using AgentGrid.Core;

namespace AgentGrid.RunLog.Records;

/// <summary>What never changes of a run.</summary>
/// <param name="PlanHash">SHA-256 of the plan's definition, in hexadecimal digits.</param>
internal sealed record RunHead(
    string MatchId, string Round, string Plan, string PlanVersion, string PlanHash, int Priority, string? Tenant,
    DateTimeOffset AcceptedAt)
{
    public RunKey Key => new(MatchId, Round);
}
