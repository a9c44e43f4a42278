using System.Text.Json.Serialization;
using AgentGrid.Core;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Store;

/// <summary>What never changes of a run.</summary>
/// <param name="PlanKey">By which its store finds the plan's definition.</param>
/// <param name="Tenant">Who posted it; null when nobody was named.</param>
public sealed record RunHead(
    string MatchId, string Round, string Plan, string PlanVersion,
    [property: JsonPropertyName("plan_hash")] string PlanKey, int Priority, string? Tenant, DateTimeOffset AcceptedAt)
{
    /// <summary>Of a run that is about to be kept.</summary>
    public static RunHead Of(RunEvent.RunAccepted e, string planKey) => new(
        e.MatchId, e.Round, e.PlanName, e.PlanVersion, planKey, e.Priority, e.Tenant, e.Time);

    /// <summary>What was posted.</summary>
    [JsonIgnore]
    public RunKey Key => new(MatchId, Round);

    /// <summary>The line of a run that is about to be kept.</summary>
    public static RunSummary LineOf(RunEvent.RunAccepted e) => Of(e, "").Accepted(e.RunId) with
    {
        Status = e.StartsAt is null ? RunStatus.Queued : RunStatus.Scheduled,
        StartsAt = e.StartsAt,
        Labels = e.Labels,
        Generation = e.Generation,
        Supersedes = e.Supersedes,
        Group = e.Group,
        QueuedAt = e.Group is null ? null : e.QueuedAt,
    };

    /// <summary>The run's line when nothing has happened yet, as far as this says.</summary>
    public RunSummary Accepted(RunId run) => new()
    {
        RunId = run,
        MatchId = MatchId,
        Round = Round,
        Plan = Plan,
        PlanVersion = PlanVersion,
        Status = RunStatus.Queued,
        AcceptedAt = AcceptedAt,
        Agents = AgentSet.None,
    };

    /// <summary>A run's line: this, and where it stands by its tip.</summary>
    public RunSummary With(RunSummary tip, RunId run) => tip with
    {
        RunId = run,
        MatchId = MatchId,
        Round = Round,
        Plan = Plan,
        PlanVersion = PlanVersion,
        AcceptedAt = AcceptedAt,
    };
}
