namespace AgentGrid.Core.Agents;

/// <summary>
/// Registers a class that implements <see cref="IAgent"/> under a name. For the same name,
/// <c>config/agents.yaml</c> overrides the attribute.
/// </summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class AgentAttribute(string name) : Attribute
{
    /// <summary>Unique; letters, digits, '_', '-' and '.'.</summary>
    public string Name { get; } = name;

    /// <summary>What it can do; plans ask for these words. An agent without any can only be asked by name.</summary>
    public string[] Capabilities { get; init; } = [];

    /// <summary>Higher is preferred. Default 0.</summary>
    public int Priority { get; init; }

    /// <summary>The class of hardware. Default <c>general</c>.</summary>
    public string Queue { get; init; } = AgentDefaults.Queue;

    /// <summary>How many attempts a node runs at once. Default 16.</summary>
    public int MaxConcurrency { get; init; } = AgentDefaults.MaxConcurrency;

    /// <summary>How many seconds an attempt may run. Default 60.</summary>
    public double TimeoutSeconds { get; init; } = 60;
}

/// <summary>The defaults, where neither an attribute nor a file says otherwise.</summary>
public static class AgentDefaults
{
    public const string Queue = "general";
    public const int MaxConcurrency = 16;
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);
}
