using AgentGrid.Grains.Feed;
using AgentGrid.Grains.Nodes;
using AgentGrid.RunLog;
using AgentGrid.Runtime;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Grains.Matches;

/// <summary>What driving runs takes; one per silo.</summary>
internal sealed class MatchServices(
    Node node, RedisRunLog log, LoadTable loads, EventPublisher events, Drivers drivers, IGrainFactory grains,
    ISiloStatusOracle silos, ILoggerFactory loggers)
{
    public Node Node { get; } = node;
    public RedisRunLog Log { get; } = log;
    public LoadTable Loads { get; } = loads;
    public EventPublisher Events { get; } = events;
    public Drivers Drivers { get; } = drivers;
    public IGrainFactory Grains { get; } = grains;
    public ISiloStatusOracle Silos { get; } = silos;
    public TimeProvider Time => Node.Time;
    public ILogger Logger { get; } = loggers.CreateLogger("AgentGrid.Grains.Matches");

    /// <summary>Takes one line per run.</summary>
    public ILogger RunLogger { get; } = loggers.CreateLogger(AgentGridServices.RunLogCategory);

    public int MaxRuns => (int)Math.Min(int.MaxValue, (long)Node.Options.MaxActiveRuns + Node.Options.MaxQueuedRuns);
}
