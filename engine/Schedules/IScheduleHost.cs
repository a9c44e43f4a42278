using AgentGrid.Core;
using AgentGrid.Core.Config;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Schedules;

/// <summary>What schedules take from their engine.</summary>
public interface IScheduleHost
{
    /// <summary>The configuration that is in force; null before it has been read.</summary>
    GridConfig? Config { get; }

    /// <inheritdoc cref="IAgentGrid.ListRunsAsync"/>
    ValueTask<RunPage> ListRunsAsync(RunQuery query);

    /// <inheritdoc cref="IAgentGrid.SubmitAsync"/>
    ValueTask<SubmitResult> SubmitAsync(SubmitRun submit);

    /// <inheritdoc cref="IAgentGrid.CommandAsync"/>
    ValueTask<CommandResult> CommandAsync(RunId run, RunCommand command);

    /// <summary>When there was last no process to drive runs; null for never, as far as is known.</summary>
    ValueTask<Outage?> LastOutageAsync();
}
