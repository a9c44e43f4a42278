using System.Collections.Immutable;
using AgentGrid.Core.Config;
using AgentGrid.Core.Routing;
using AgentGrid.GrainInterfaces.Dispatch;
using AgentGrid.Grains.Nodes;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Grains.Matches;

/// <summary>
/// Every agent's load, as the dispatcher has it. All runs of this silo share one table, and one question serves all that
/// ask at the same time. While there is no answer, as when the dispatcher moves, the last one is gone by.
/// </summary>
internal sealed partial class LoadTable(Node node, IGrainFactory grains, ILogger<LoadTable> logger)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    private readonly IDispatcherGrain _dispatcher = grains.GetGrain<IDispatcherGrain>(0);
    private readonly Lock _gate = new();
    private Task? _running;
    private Task? _next;
    private volatile ImmutableDictionary<string, AgentLoad> _byAgent =
        ImmutableDictionary.Create<string, AgentLoad>(StringComparer.Ordinal);

    /// <summary>By name; enabled agents alone.</summary>
    public ImmutableDictionary<string, AgentLoad> ByAgent => _byAgent;

    /// <summary>Returns when the table is not older than the call, or when that takes too long.</summary>
    public Task RefreshAsync()
    {
        lock (_gate)
        {
            if (_running is null)
            {
                return _running = AskAsync();
            }
            return _next ??= AskNextAsync(_running);
        }
    }

    private async Task AskNextAsync(Task before)
    {
        await before.ConfigureAwait(false);
        Task own;
        lock (_gate)
        {
            own = _running = AskAsync();
            _next = null;
        }
        await own.ConfigureAwait(false);
    }

    private async Task AskAsync()
    {
        await Task.Yield();
        try
        {
            var loads = await _dispatcher.GetLoadsAsync().WaitAsync(Patience, node.Time).ConfigureAwait(false);
            _byAgent = Table(node.Config.Current, loads);
        }
        catch (Exception e) when (Transient.Is(e))
        {
            LogStale(logger, e);
        }
        finally
        {
            lock (_gate)
            {
                if (_next is null)
                {
                    _running = null;
                }
            }
        }
    }

    private static ImmutableDictionary<string, AgentLoad> Table(GridConfig config, ImmutableArray<LoadReport> loads)
    {
        var table = ImmutableDictionary.CreateBuilder<string, AgentLoad>(StringComparer.Ordinal);
        foreach (var load in loads)
        {
            if (config.Agents.TryGetValue(load.Agent, out var agent) && agent.Enabled)
            {
                table.Add(load.Agent, new AgentLoad(agent, load.Running, load.Waiting, load.FreeSlots, load.Drained, load.Slots, load.Note));
            }
        }
        return table.ToImmutable();
    }

    [LoggerMessage(610, LogLevel.Debug, "The dispatcher does not answer; the last loads are gone by")]
    private static partial void LogStale(ILogger logger, Exception exception);
}
