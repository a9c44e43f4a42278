using System.Collections.Immutable;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Agents;

/// <summary>
/// A way to be an agent without being a class: what <c>kind: process</c> in <c>agents.yaml</c> names. It reads its own
/// keys, and makes the agent; what all agents have in common is not its business.
/// </summary>
public interface IAgentKind
{
    /// <summary>A name, as it stands in the file.</summary>
    string Name { get; }

    /// <summary>The keys that are its own; none of them is one that all agents have.</summary>
    ImmutableArray<string> Keys { get; }

    /// <summary>
    /// Reads its keys. Nothing is started, looked up or connected to: files are checked without any of that.
    /// </summary>
    /// <param name="agent">All that is said of the agent; keys that nobody knows have been reported.</param>
    /// <param name="problems">Takes all that is wrong, at its place.</param>
    /// <returns>Null, or anything, when there are problems.</returns>
    KindSettings? Read(MappingReader agent, ProblemList problems);

    /// <summary>Makes an agent, and starts nothing yet.</summary>
    /// <param name="agent">Its <see cref="AgentConfig.Kind"/> has what <see cref="Read"/> returned.</param>
    IKindAgent Create(AgentConfig agent, AgentKindContext context);
}

/// <summary>What a kind has read of its own keys.</summary>
public abstract record KindSettings
{
    /// <summary>What the agent reaches, for people: a command, an address. Secrets stand in it as references alone.</summary>
    public abstract string Target { get; }

    /// <summary>
    /// How many attempts it can do at once on a node, which is what holds when nothing else is said, and the most that can
    /// be; null when the kind sets no limit.
    /// </summary>
    public virtual int? MaxConcurrency => null;

    /// <summary>
    /// How many attempts at once it needs on a node to do what its keys ask for, as many as fill a batch. Where nothing is said,
    /// this many run, or the usual number if that is larger; less is a mistake.
    /// </summary>
    public virtual int LeastConcurrency => 1;

    /// <summary>
    /// Whether the GPU memory in <c>resources</c> is that of a model which all its attempts on a GPU use together, and not that of
    /// each attempt.
    /// </summary>
    public virtual bool SharesGpuMemory => false;

    /// <summary>The agents that it may call, each once: they are to be there, and none of them may call it in turn.</summary>
    public virtual ImmutableArray<CalledAgent> Calls => [];
}

/// <summary>An agent that a kind has made. It is disposed when none of its invocations runs any more.</summary>
public interface IKindAgent : IAgent, IAsyncDisposable
{
    /// <summary>How it is now.</summary>
    AgentHealth Health { get; }

    /// <summary>Makes it ready for its first invocation. It may be invoked before that, and then waits by itself.</summary>
    /// <exception cref="AgentException">It cannot be made ready, and tries on by itself.</exception>
    Task WarmUpAsync(CancellationToken cancellationToken);
}
