namespace AgentGrid.GrainInterfaces;

/// <summary>What silos and clients must call the same.</summary>
public static class ClusterNames
{
    /// <summary>The Orleans service; it is also where grain state is kept under.</summary>
    public const string Service = "agentgrid";

    /// <summary>The stream provider that carries events.</summary>
    public const string Events = "events";

    /// <summary>The stream of all runs' turns.</summary>
    public static StreamId EventStream { get; } = StreamId.Create("agentgrid.events", "all");

    /// <summary>The storage of grain state.</summary>
    public const string Store = "agentgrid";

    /// <summary>Joins what an agent's grain is called by.</summary>
    public static string AgentKey(string node, string agent) => $"{node}|{agent}";
}
