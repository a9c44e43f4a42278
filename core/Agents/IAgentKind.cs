using System.Collections.Immutable;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Agents;

/// <summary>
/// A way to be an agent without being a class, such as <c>kind: process</c> in <c>agents.yaml</c>. It reads its own
/// keys, and makes the agent; it does not deal with what all agents have in common.
/// </summary>
public interface IAgentKind
{
    /// <summary>The name used in the file.</summary>
    string Name { get; }

    /// <summary>Its own keys; none of them may be a key that all agents have.</summary>
    ImmutableArray<string> Keys { get; }

    /// <summary>
    /// Reads its keys. It must not start, look up or connect to anything: files are checked without that.
    /// </summary>
    /// <param name="agent">All keys of the agent; unknown ones have been reported.</param>
    /// <param name="problems">Takes every problem, with its place.</param>
    /// <returns>Null, or anything, when there are problems.</returns>
    KindSettings? Read(MappingReader agent, ProblemList problems);

    /// <summary>Makes an agent, and starts nothing yet.</summary>
    /// <param name="agent">Its <see cref="AgentConfig.Kind"/> has what <see cref="Read"/> returned.</param>
    IKindAgent Create(AgentConfig agent, AgentKindContext context);
}

/// <summary>What a kind has read from its own keys.</summary>
public abstract record KindSettings
{
    /// <summary>What the agent reaches, for people: a command, an address. Secrets only appear as references.</summary>
    public abstract string Target { get; }

    /// <summary>
    /// How many attempts it can do at once on a node, which is both the default and the most that can
    /// be configured; null when the kind sets no limit.
    /// </summary>
    public virtual int? MaxConcurrency => null;

    /// <summary>
    /// How many attempts at once it needs on a node to do what its keys ask for, such as enough to fill a batch. By default
    /// this many run, or the usual number if that is larger; configuring fewer is a mistake.
    /// </summary>
    public virtual int LeastConcurrency => 1;

    /// <summary>
    /// Whether the GPU memory in <c>resources</c> is that of a model which all its attempts on a GPU use together, and not that of
    /// each attempt.
    /// </summary>
    public virtual bool SharesGpuMemory => false;

    /// <summary>The agents it may call, each once: they must exist, and none of them may call it in turn.</summary>
    public virtual ImmutableArray<CalledAgent> Calls => [];
}

/// <summary>An agent made by a kind. It is disposed when none of its invocations runs any more.</summary>
public interface IKindAgent : IAgent, IAsyncDisposable
{
    /// <summary>Its current health.</summary>
    AgentHealth Health { get; }

    /// <summary>Makes it ready for its first invocation. An invocation that comes earlier waits.</summary>
    /// <exception cref="AgentException">It could not be made ready, and keeps trying by itself.</exception>
    Task WarmUpAsync(CancellationToken cancellationToken);
}
