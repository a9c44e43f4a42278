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

    /// <summary>
    /// The rule for the id of a cluster, and for the prefix of its keys in Redis: 1 to 64 letters, digits, '-', '_' or
    /// '.'.
    /// </summary>
    public static bool IsClusterName(string text) =>
        text.Length is >= 1 and <= 64 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    /// <summary>Joins what an agent's grain is called by.</summary>
    public static string AgentKey(string node, string agent) => $"{node}|{agent}";
}
