using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Engine.Agents;

/// <summary>
/// The agents of a node, one instance of each. Those that are classes are made once. Those of a kind follow the
/// configuration: what it says anew of one makes another, which is made ready and then takes the place of the one before.
/// </summary>
public sealed class AgentInstances : IAsyncDisposable
{
    private readonly AgentCatalog _catalog;
    private readonly AgentKindContext _context;
    private readonly Func<AgentConfig, bool> _serves;
    private readonly ILogger _logger;
    private readonly FrozenDictionary<string, IAgent> _classes;
    private readonly ConcurrentDictionary<string, KindAgent> _kinds = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly List<Task> _leaving = [];
    private bool _isClosed;

    /// <param name="create">Makes an agent that is a class; called at once for each.</param>
    /// <param name="context">What kinds may use.</param>
    /// <param name="serves">Whether the agent can run on this node at all: for others, nothing is made.</param>
    public AgentInstances(
        AgentCatalog catalog, Func<AgentDeclaration, IAgent> create, AgentKindContext context,
        Func<AgentConfig, bool> serves, ILogger logger)
    {
        (_catalog, _context, _serves, _logger) = (catalog, context, serves, logger);
        _classes = catalog.Agents.Values.ToFrozenDictionary(a => a.Name, create, StringComparer.Ordinal);
    }

    /// <summary>Every agent that there is an instance of, by name.</summary>
    public IEnumerable<string> Names => _classes.Keys.Union(_kinds.Keys, StringComparer.Ordinal);

    /// <summary>Makes, replaces and lets go of agents, as the configuration says. Returns before they are ready.</summary>
    public void Apply(GridConfig config)
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                return;
            }
            _leaving.RemoveAll(t => t.IsCompleted);
            var wanted = config.Agents.Values.Where(a => a.Kind is not null && a.Enabled && _serves(a)).ToArray();
            foreach (var agent in wanted)
            {
                if (_kinds.TryGetValue(agent.Name, out var known))
                {
                    known.Become(agent);
                }
                else
                {
                    _kinds[agent.Name] = new KindAgent(agent, Create, _context.Time, _logger);
                }
            }
            foreach (var name in _kinds.Keys.Except(wanted.Select(a => a.Name), StringComparer.Ordinal))
            {
                if (_kinds.TryRemove(name, out var unwanted))
                {
                    _leaving.Add(unwanted.LeaveAsync());
                }
            }
        }
    }

    /// <summary>An instance for one invocation; null when there is none. It stays until the use is over.</summary>
    public AgentUse? Use(string name) => _kinds.TryGetValue(name, out var kind) ? kind.Use()
        : _classes.TryGetValue(name, out var agent) ? new AgentUse(agent, null)
        : null;

    /// <summary>How an agent is; null for one that is a class, and for one that is not here.</summary>
    public AgentHealth? HealthOf(string name) => _kinds.TryGetValue(name, out var kind) ? kind.Health : null;

    /// <summary>
    /// Every agent that does not work as it is configured, by name. Not why: health is for everybody to see, and the reason
    /// can have anything in it.
    /// </summary>
    public ImmutableArray<string> Problems() =>
    [
        .. _kinds.Where(k => k.Value.Health.Problem is not null).OrderBy(k => k.Key, StringComparer.Ordinal).Select(k =>
            $"Agent '{k.Key}' does not work as configured; the list of agents says why."),
    ];

    /// <summary>Lets go of all agents, whatever still runs.</summary>
    public async ValueTask DisposeAsync()
    {
        Task[] leaving;
        lock (_gate)
        {
            if (_isClosed)
            {
                return;
            }
            _isClosed = true;
            leaving = [.. _leaving, .. _kinds.Values.Select(k => k.CloseAsync())];
        }
        await Task.WhenAll(leaving).ConfigureAwait(false);
        foreach (var agent in _classes.Values)
        {
            switch (agent)
            {
                case IAsyncDisposable d: await d.DisposeAsync().ConfigureAwait(false); break;
                case IDisposable d: d.Dispose(); break;
                default: break;
            }
        }
    }

    private IKindAgent Create(AgentConfig agent) => _catalog.Kinds[agent.Kind!.Name].Create(agent, _context);
}

/// <summary>One invocation's hold on an agent.</summary>
public readonly struct AgentUse(IAgent agent, Action? end) : IDisposable
{
    /// <summary>The agent.</summary>
    public IAgent Agent { get; } = agent;

    /// <summary>The invocation has returned.</summary>
    public void Dispose() => end?.Invoke();
}
