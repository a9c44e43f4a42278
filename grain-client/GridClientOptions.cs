using AgentGrid.GrainClient.Connections;
using AgentGrid.GrainInterfaces;

namespace AgentGrid.GrainClient;

/// <summary>How a process reaches the cluster, and what it keeps of its events.</summary>
public sealed class GridClientOptions
{
    /// <summary>
    /// The Redis of the cluster, in the format of StackExchange.Redis: <c>host:port,password=...,ssl=true</c>. Default
    /// <c>127.0.0.1:6379</c>.
    /// </summary>
    public string Redis { get; set; } = "127.0.0.1:6379";

    /// <summary>Which cluster, where several share a Redis; the silos' <c>--cluster-id</c>. Default <c>agentgrid</c>.</summary>
    public string ClusterId { get; set; } = ClusterNames.Service;

    /// <summary>The prefix of the keys in Redis; the same as the silos'. Default: the cluster's id.</summary>
    public string? KeyPrefix { get; set; }

    /// <summary>
    /// How many of the newest events are kept in memory for feeds; readers that are further behind read from Redis. Up to
    /// 16 times as many while readers need it. Default 4,096.
    /// </summary>
    public int FeedBuffer { get; set; } = 4_096;

    /// <summary>
    /// Whether the trace of a caller goes on in the cluster, with a span a call of a grain. It costs something each call.
    /// Default false.
    /// </summary>
    public bool Traces { get; set; }

    internal CallTimes Times { get; set; } = new();

    internal string Prefix => KeyPrefix ?? ClusterId;
}
