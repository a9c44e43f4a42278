
namespace AgentGrid.GrainInterfaces.Agents;

/// <summary>One node; its key is the node's name, and it is placed on the silo of that name.</summary>
[Alias("agentgrid.INodeGrain")]
public interface INodeGrain : IGrainWithStringKey
{
    /// <summary>What the node is, and what runs on it now.</summary>
    [Alias("Describe"), ResponseTimeout("00:00:02")]
    Task<NodeReport> DescribeAsync();

    /// <summary>What the node's agents have done since it was started, and how its configuration is.</summary>
    [Alias("GetStatistics"), ResponseTimeout("00:00:02")]
    Task<NodeStatistics> GetStatisticsAsync();
}
