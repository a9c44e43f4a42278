using AgentGrid.Core.Agents;
using AgentGrid.Engine.Agents;
using AgentGrid.Engine.Artifacts;
using AgentGrid.Engine.Slots;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Engine.Invocations;

/// <summary>What the invocations on one node share.</summary>
public sealed record InvocationServices
{
    /// <summary>The name of the node.</summary>
    public required string Node { get; init; }

    /// <summary>The agents of the node, one instance of each.</summary>
    public required AgentInstances Agents { get; init; }

    /// <summary>The slots of the node.</summary>
    public required SlotTable Slots { get; init; }

    /// <summary>Whether an agent is drained, where others decide that than the node with its slots.</summary>
    public Func<string, bool> IsDrained { get; init; } = static _ => false;

    /// <summary>
    /// Returns when an agent may be called in its rate limit, where others count its starts than the node with its slots; or when it
    /// is cancelled, without an exception. It is given the agent, the key of the call and its deadline.
    /// </summary>
    public Func<AgentConfig, string, DateTimeOffset, CancellationToken, Task> AwaitStart { get; init; } =
        static (_, _, _, _) => Task.CompletedTask;

    /// <summary>Told how many tokens a call has used, by its key, where others count that than the node with its slots.</summary>
    public Action<string, long> SettleCall { get; init; } = static (_, _) => { };

    /// <summary>How many invocations have not returned.</summary>
    public required InvocationCount Running { get; init; }

    /// <summary>Those that were cancelled and have not returned.</summary>
    public required AbandonedInvocations Abandoned { get; init; }

    /// <summary>On which threads agents are called.</summary>
    public required Platform Platform { get; init; }

    /// <summary>The engine's clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>The engine's own log.</summary>
    public required ILogger Logger { get; init; }

    /// <summary>How long a cancelled invocation keeps its slot while it has not returned.</summary>
    public required TimeSpan CancelGrace { get; init; }

    /// <summary>Where artifacts are kept; null when nowhere.</summary>
    public IArtifactStore? Artifacts { get; init; }

    /// <summary>The largest output of one attempt, in bytes; a larger one fails the attempt.</summary>
    public required int MaxOutputBytes { get; init; }
}
