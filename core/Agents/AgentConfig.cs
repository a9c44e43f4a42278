using System.Collections.Immutable;
using System.Text.Json.Serialization;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Agents;

/// <summary>The configuration of one agent: its attribute, overridden by <c>agents.yaml</c>.</summary>
public sealed record AgentConfig
{
    public required string Name { get; init; }

    /// <summary>Which version of its work it is, in its owner's words: from <c>agents.yaml</c>, or else that of its class's assembly; null if nothing is said.</summary>
    public string? Version { get; init; }

    /// <summary>The beginning of the SHA-256 of all that is declared of it, the same for the same declaration; null where no file was read.</summary>
    [JsonIgnore]
    public string? Hash { get; init; }
    public ImmutableArray<string> Capabilities { get; init; } = [];

    /// <summary>What it does, for models that may call it; null if not configured.</summary>
    public string? Description { get; init; }

    /// <summary>
    /// A JSON schema of its input: from <c>agents.yaml</c>, or else from the type that its class reads; null if
    /// nothing is said.
    /// </summary>
    public Json? InputSchema { get; init; }

    /// <summary>
    /// <see cref="InputSchema"/> is that of a type: the agent reads the members that it names and leaves others alone.
    /// </summary>
    public bool ReadsType { get; init; }

    /// <summary>A JSON schema of its output, like <see cref="InputSchema"/>; it is not checked.</summary>
    public Json? OutputSchema { get; init; }

    /// <summary>
    /// What every input is checked against before the agent is called; null where <see cref="InputSchema"/> is that of a type, as
    /// which the input is read anyway. Only where the file was read.
    /// </summary>
    [JsonIgnore]
    public ValueSchema? InputCheck { get; init; }

    /// <summary>By which steps may prefer it; null for none.</summary>
    public Labels? Labels { get; init; }

    /// <summary>Higher is preferred.</summary>
    public int Priority { get; init; }

    /// <summary>Slots: how many attempts a node runs at once; at least 1.</summary>
    public int MaxConcurrency { get; init; } = AgentDefaults.MaxConcurrency;

    /// <summary>How many attempts all nodes together run at once; at least 1, null for no limit.</summary>
    public int? MaxConcurrencyTotal { get; init; }

    /// <summary>How many attempts may start in a given time, over all nodes; null for no limit.</summary>
    public RateLimit? RateLimit { get; init; }

    /// <summary>The class of hardware it runs on.</summary>
    public string Queue { get; init; } = AgentDefaults.Queue;

    /// <summary>How long one attempt may run, unless the step says otherwise.</summary>
    public TimeSpan Timeout { get; init; } = AgentDefaults.Timeout;

    public RetryPolicy Retry { get; init; } = RetryPolicy.None;
    /// <summary>When it counts as failing, so that others are asked first.</summary>
    public BreakerPolicy Breaker { get; init; } = BreakerPolicy.Default;

    public AgentResources Resources { get; init; } = AgentResources.None;

    /// <summary>Its kind, for an agent without a class; null for one that is a class.</summary>
    public KindConfig? Kind { get; init; }

    /// <summary>False: the router does not see it.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Checks the input before the agent is called.</summary>
    /// <exception cref="AgentException">It does not fit <see cref="InputCheck"/>: <c>bad_input</c>.</exception>
    public void CheckInput(AgentInvocation invocation)
    {
        if (InputCheck is not null)
        {
            InputContract.Check(invocation, InputCheck);
        }
    }
}

/// <summary>What an attempt occupies on its node while it runs.</summary>
/// <param name="GpuMemoryBytes">Bytes of GPU memory; 0 for none.</param>
public sealed record AgentResources(long GpuMemoryBytes)
{
    public static readonly AgentResources None = new(0);
}

/// <summary>A class of hardware, and how many attempts a node runs on it at once.</summary>
/// <param name="Slots">At least 1; null for no limit other than the agents' own.</param>
public sealed record QueueConfig(string Name, int? Slots);
