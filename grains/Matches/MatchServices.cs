using System.Collections.Concurrent;
using AgentGrid.GrainInterfaces;
using AgentGrid.GrainInterfaces.Agents;
using AgentGrid.GrainInterfaces.Dispatch;
using AgentGrid.Grains.Nodes;
using AgentGrid.RunLog;
using AgentGrid.Runtime;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Grains.Matches;

/// <summary>What driving runs takes; one per silo.</summary>
internal sealed class MatchServices(
    Node node, RedisRunLog log, LoadTable loads, Drivers drivers, IGrainFactory grains,
    ISiloStatusOracle silos, ILoggerFactory loggers)
{
    private readonly ConcurrentDictionary<string, IAgentGrain> _agents = new(StringComparer.Ordinal);

    public Node Node { get; } = node;
    public RedisRunLog Log { get; } = log;
    public LoadTable Loads { get; } = loads;
    public Drivers Drivers { get; } = drivers;

    // Kept, because finding out what kind of grain an interface means takes reflection, every time.
    public IDispatcherGrain Dispatcher { get; } = grains.GetGrain<IDispatcherGrain>(0);
    public ISiloStatusOracle Silos { get; } = silos;
    public TimeProvider Time => Node.Time;
    public ILogger Logger { get; } = loggers.CreateLogger("AgentGrid.Grains.Matches");

    /// <summary>Takes one line per run.</summary>
    public ILogger RunLogger { get; } = loggers.CreateLogger(AgentGridServices.RunLogCategory);

    public IAgentGrain AgentOn(string node, string agent) => _agents.GetOrAdd(
        ClusterNames.AgentKey(node, agent), static (key, grains) => grains.GetGrain<IAgentGrain>(key), grains);

    public int MaxRuns => (int)Math.Min(int.MaxValue, (long)Node.Options.MaxActiveRuns + Node.Options.MaxQueuedRuns);
}
