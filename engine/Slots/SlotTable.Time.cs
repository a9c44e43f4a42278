using AgentGrid.Core.Agents;
using AgentGrid.Engine.Driving;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Engine.Slots;

// What becomes possible by time alone, and what is known of agents by how their attempts end.
public sealed partial class SlotTable : IThreadPoolWorkItem, IDisposable
{
    /// <summary>An attempt of an agent has succeeded, or failed in a way that says something of the agent.</summary>
    /// <param name="node">Where; null where that is not known.</param>
    public void Report(string agent, string? node, bool hasFailed)
    {
        List<SlotRequest>? granted = null;
        (bool? Agent, bool? OnNode) changed = default;
        AgentSlots? slots;
        bool hasOthers;
        lock (_gate)
        {
            if (_agents.TryGetValue(agent, out slots))
            {
                changed = slots.Failures.End(node is null ? null : _nodes.Find(node), hasFailed);
            }
            hasOthers = _nodes.All.Length > 1;
            if (hasOthers && slots is not null && (hasFailed || changed != default))
            {
                // Those that wait may have a node more, or one less until a time at which they are to be served.
                Grant(slots.Queue, granted = []);
            }
        }
        if (granted is not null)
        {
            Tell(granted);
        }
        if (changed.OnNode is { } fails && hasOthers)
        {
            LogOnNode(agent, node!, slots!.Config.Breaker, fails);
        }
        if (changed.Agent is true)
        {
            LogFailing(_logger, agent, slots!.Config.Breaker.Failures, slots.Config.Breaker.Cooldown.TotalSeconds);
        }
        else if (changed.Agent is false)
        {
            LogWorks(_logger, agent);
        }
    }

    private void LogOnNode(string agent, string node, BreakerPolicy breaker, bool fails)
    {
        if (fails)
        {
            LogFailingOn(_logger, agent, node, breaker.Failures, breaker.Cooldown.TotalSeconds);
        }
        else
        {
            LogWorksOn(_logger, agent, node);
        }
    }

    /// <summary>
    /// What an attempt has used of its agent's tokens, before its slot is given back. Harmless when that is known, or counts in no limit.
    /// </summary>
    public void Settle(TakenSlot slot, long tokens) => Settle(slot.Charge, slot.AgentName, tokens);

    /// <summary>The same for a call that has its slot elsewhere.</summary>
    public void Settle(SlotRequest call, long tokens) => Settle(call.Charge, call.Agent, tokens);

    /// <summary>It will not be heard how many tokens the call has used.</summary>
    public void Close(SlotRequest call)
    {
        lock (_gate)
        {
            call.Charge?.Close();
        }
    }

    private void Settle(TokenCharge? charge, string agent, long tokens)
    {
        if (charge is null)
        {
            return;
        }
        List<SlotRequest> granted = [];
        lock (_gate)
        {
            charge.Settle(tokens);
            Grant(_agents[agent].Queue, granted);
        }
        Tell(granted);
    }

    // A backup for which the budget has nothing left is refused.
    private void Grant(SlotRequest request, AgentSlots agent)
    {
        if (request.Hedged is { IsBackup: true } backup && _hedges.Refusal(backup, agent.HasGpu) is { } reason)
        {
            agent.Withdraw(request);
            request.Refuse(reason);
            return;
        }
        agent.Grant(request);
        if (request.Hedged is { } hedged)
        {
            request.Granted!.GpuTime = _hedges.Count(hedged, agent.HasGpu);
        }
    }

    /// <summary>Nothing becomes possible by time alone any more.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _timer.Dispose();
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        List<SlotRequest> granted = [];
        lock (_gate)
        {
            _timer.Disarm();
            GrantAll(granted);
        }
        Tell(granted);
    }

    [LoggerMessage(250, LogLevel.Warning,
        "Agent '{Agent}' has failed {Failures} times in a row: others are asked first, and it is tried again in {Seconds} s")]
    private static partial void LogFailing(ILogger logger, string agent, int failures, double seconds);

    [LoggerMessage(252, LogLevel.Warning,
        "Agent '{Agent}' has failed {Failures} times in a row on node '{Node}': other nodes are asked first, and it is tried there again in {Seconds} s")]
    private static partial void LogFailingOn(ILogger logger, string agent, string node, int failures, double seconds);

    [LoggerMessage(253, LogLevel.Information, "Agent '{Agent}' works on node '{Node}' again")]
    private static partial void LogWorksOn(ILogger logger, string agent, string node);

    [LoggerMessage(251, LogLevel.Information, "Agent '{Agent}' works again")]
    private static partial void LogWorks(ILogger logger, string agent);
}
