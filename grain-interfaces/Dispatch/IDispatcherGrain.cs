using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.GrainInterfaces.Agents;

namespace AgentGrid.GrainInterfaces.Dispatch;

/// <summary>
/// Says who may run now, and where: there is one in a cluster, with the key 0. What it knows is in memory, and rebuilt
/// from what nodes report and from what is asked of it again, so it can move to another silo at any time.
/// </summary>
[Alias("agentgrid.IDispatcherGrain")]
public interface IDispatcherGrain : IGrainWithIntegerKey
{
    /// <summary>
    /// Asks for a slot. Answers when it is granted, or after some seconds that it is not yet: then ask again. A request
    /// that nobody asks for again is forgotten; one that was granted gets the same answer again.
    /// </summary>
    [Alias("AcquireSlot"), ResponseTimeout("00:00:30")]
    Task<SlotReply> AcquireSlotAsync(SlotRequest request);

    /// <summary>The slots are not wanted any more: requests are forgotten, grants taken back.</summary>
    [Alias("ReleaseSlots"), ResponseTimeout("00:00:10")]
    Task ReleaseSlotsAsync(ImmutableArray<string> slots);

    /// <summary>How many tokens attempts have used, before their slots are given back; and calls that were told when they may start.</summary>
    [Alias("SettleTokens"), ResponseTimeout("00:00:10")]
    Task SettleTokensAsync(ImmutableArray<TokenUse> uses);

    /// <summary>How attempts have ended, in their order: failures, and what succeeds after them.</summary>
    [Alias("ReportOutcomes"), ResponseTimeout("00:00:10")]
    Task ReportOutcomesAsync(ImmutableArray<AgentOutcome> outcomes);

    /// <summary>
    /// Asks for a place among the runs that are driven at once. Answers true when there is one, or false after some
    /// seconds: then ask again.
    /// </summary>
    [Alias("EnterRun"), ResponseTimeout("00:00:30")]
    Task<bool> EnterRunAsync(PlaceRequest request);

    /// <summary>Counts a run in its group before it is accepted, if there is room; it is forgotten when it does not enter.</summary>
    /// <returns>Null when it is counted; else the id of a run that is in its way.</returns>
    [Alias("ReserveRun"), ResponseTimeout("00:00:10")]
    Task<string?> ReserveRunAsync(PlaceRequest request);

    /// <summary>The run does nothing but wait: its place goes to the next, and in its group it counts on.</summary>
    [Alias("StepAside"), ResponseTimeout("00:00:10")]
    Task StepAsideAsync(string runId);

    /// <summary>The run has ended: its place goes to the next.</summary>
    /// <param name="since">
    /// Of a run that is counted in a group: when it had begun to wait for its turn. What is said of a time before its retry
    /// comes too late.
    /// </param>
    [Alias("LeaveRun"), ResponseTimeout("00:00:10")]
    Task LeaveRunAsync(string runId, DateTimeOffset? since = null);

    /// <summary>Every agent's load now.</summary>
    [Alias("GetLoads"), ResponseTimeout("00:00:10")]
    Task<ImmutableArray<LoadReport>> GetLoadsAsync();

    /// <summary>A node's word on itself.</summary>
    [Alias("ReportNode"), ResponseTimeout("00:00:02")]
    Task ReportNodeAsync(NodeReport report);

    /// <summary>How many attempts were granted a slot on a node that the node has not reported yet.</summary>
    [Alias("CountOnTheirWay"), ResponseTimeout("00:00:02")]
    Task<int> CountOnTheirWayAsync(string node);

    /// <summary>The agents that are to take no further attempts, for nodes, whose agents call each other without asking here.</summary>
    [Alias("GetDrained"), ResponseTimeout("00:00:02")]
    Task<ImmutableArray<string>> GetDrainedAsync();

    /// <summary>Lets an agent take no further attempts, or take them again.</summary>
    /// <returns>False when there is no such agent.</returns>
    [Alias("DrainAgent"), ResponseTimeout("00:00:10")]
    Task<bool> DrainAgentAsync(string agent, bool drained);

    /// <summary><see cref="Core.Grid.IAgentGrid.GetAgentsAsync"/>, as JSON.</summary>
    [Alias("GetAgents"), ResponseTimeout("00:00:10")]
    Task<Json> GetAgentsAsync();

    /// <summary><see cref="Core.Grid.IAgentGrid.GetNodesAsync"/>, as JSON.</summary>
    [Alias("GetNodes"), ResponseTimeout("00:00:10")]
    Task<Json> GetNodesAsync();

    /// <summary><see cref="Core.Grid.IAgentGrid.GetPlansAsync"/>, as JSON.</summary>
    [Alias("GetPlans"), ResponseTimeout("00:00:10")]
    Task<Json> GetPlansAsync();

    /// <summary><see cref="Core.Grid.IAgentGrid.GetSchedulesAsync"/> without their last runs, as JSON.</summary>
    [Alias("GetSchedules"), ResponseTimeout("00:00:10")]
    Task<Json> GetSchedulesAsync();

    /// <summary><see cref="Core.Grid.IAgentGrid.RouteAsync"/>, as JSON.</summary>
    [Alias("Route"), ResponseTimeout("00:00:10")]
    Task<Json> RouteAsync(ImmutableArray<string> capabilities, string? agent);

    /// <summary>The same for a step that prefers labels.</summary>
    /// <param name="prefer">An object of texts.</param>
    Task<Json> RouteByAsync(ImmutableArray<string> capabilities, Json prefer);

    /// <summary>The same for any question.</summary>
    /// <param name="query">A <see cref="Core.Grid.RouteQuery"/>.</param>
    [Alias("RouteQuery"), ResponseTimeout("00:00:10")]
    Task<Json> RouteQueryAsync(Json query);

    /// <summary>How the cluster is.</summary>
    [Alias("GetHealth"), ResponseTimeout("00:00:05")]
    Task<ClusterHealth> GetHealthAsync();
}
