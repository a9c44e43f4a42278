namespace AgentGrid.GrainInterfaces;

/// <summary>What silos and clients must call the same.</summary>
public static class ClusterNames
{
    /// <summary>The Orleans service; it is also where grain state is kept under.</summary>
    public const string Service = "agentgrid";

    /// <summary>The stream provider that carries events.</summary>
    public const string Events = "events";

    /// <summary>The namespace of the streams of events.</summary>
    public const string EventStreams = "agentgrid.events";

    /// <summary>The storage of grain state.</summary>
    public const string Store = "agentgrid";

    /// <summary>
    /// How many streams, and queues in Redis, events are spread over. Each is polled all the time, and one carries more
    /// than a hundred thousand events a second: more of them would cost more than they bring.
    /// </summary>
    public const int EventPartitions = 1;

    /// <summary>Joins what an agent's grain is called by.</summary>
    public static string AgentKey(string node, string agent) => $"{node}|{agent}";
}
