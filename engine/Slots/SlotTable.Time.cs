using AgentGrid.Engine.Driving;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Engine.Slots;

// What becomes possible by time alone, and what is known of agents by how their attempts end.
public sealed partial class SlotTable : IThreadPoolWorkItem, IDisposable
{
    /// <summary>An attempt of an agent has succeeded, or failed in a way that says something of the agent.</summary>
    public void Report(string agent, bool hasFailed)
    {
        bool? changed;
        AgentSlots? slots;
        lock (_gate)
        {
            changed = _agents.TryGetValue(agent, out slots) ? slots.Failures.End(hasFailed) : null;
        }
        if (changed is true)
        {
            LogFailing(_logger, agent, slots!.Config.Breaker.Failures, slots.Config.Breaker.Cooldown.TotalSeconds);
        }
        else if (changed is false)
        {
            LogWorks(_logger, agent);
        }
    }

    /// <returns>False when it is a backup, and refused.</returns>
    private bool Counts(HedgedStep hedged, SlotRequest request, AgentSlots agent)
    {
        if (hedged.IsBackup && _hedges.Refusal(hedged) is { } reason)
        {
            agent.Withdraw(request);
            request.Refuse(reason);
            return false;
        }
        _hedges.Count(hedged);
        return true;
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

    [LoggerMessage(251, LogLevel.Information, "Agent '{Agent}' works again")]
    private static partial void LogWorks(ILogger logger, string agent);
}
