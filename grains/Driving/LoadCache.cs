using System.Collections.Frozen;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Routing;
using AgentGrid.GrainInterfaces.Dispatch;
using AgentGrid.Grains.Dispatch;
using AgentGrid.Grains.Nodes;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Grains.Driving;

/// <summary>
/// Every agent's load, as the dispatcher has it. All runs of this silo share one table, and one question serves all that
/// ask at the same time. While there is no answer, as when the dispatcher moves, the last one is used. On the dispatcher's
/// own silo nothing is asked: its slots can be looked at.
/// </summary>
internal sealed partial class LoadCache(Node node, LocalDispatcher seat, IGrainFactory grains, ILogger<LoadCache> logger)
{
    private readonly IDispatcherGrain _dispatcher = grains.GetGrain<IDispatcherGrain>(0);
    private readonly Lock _gate = new();
    private Task? _running;
    private Task? _next;
    private volatile FrozenDictionary<string, LoadReport> _byAgent = FrozenDictionary<string, LoadReport>.Empty;

    /// <summary>They are as the dispatcher has them now, and need not be asked for.</summary>
    public bool AreAtHand => seat.Slots is not null;

    /// <summary>The table for one turn, which counts in it what it starts.</summary>
    public LoadSnapshot ForTurn()
    {
        var reports = _byAgent;
        return new LoadSnapshot(node.Config.Current, seat.Slots is { } slots
            ? agent => slots.Named(agent.Name) is { } load ? load with { Agent = agent } : null
            : agent => reports.TryGetValue(agent.Name, out var report) ? LoadOf(agent, report) : null);
    }

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

    private static AgentLoad LoadOf(AgentConfig agent, LoadReport report) => new(
        agent, report.Running, report.Waiting, report.FreeSlots, report.Drained, report.Slots,
        report.Note, report.Full,
        Failing: report.Failing is { } f ? StateOf(f) : null)
    {
        FailingNodes = report.FailingNodes.IsDefaultOrEmpty ? null
            : [.. report.FailingNodes.Select(static n => new NodeFailing(n.Node, StateOf(n.Failing)))],
        NodeLabels = report.NodeLabels.IsDefaultOrEmpty ? null : [.. report.NodeLabels.Select(static l => l.To<Labels>()!)],
    };

    private static FailingState StateOf(FailureReport report) => new(report.InARow, report.IsOpen, report.NextTryIn);

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
            var loads = await _dispatcher.GetLoadsAsync().WaitAsync(node.Options.Times.LongestLoads, node.Time)
                .ConfigureAwait(false);
            _byAgent = loads.ToFrozenDictionary(l => l.Agent, StringComparer.Ordinal);
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

    [LoggerMessage(610, LogLevel.Debug, "The dispatcher does not answer; the last loads are used")]
    private static partial void LogStale(ILogger logger, Exception exception);
}
