using AgentGrid.Core;
using AgentGrid.Core.Grid;
using Orleans.Concurrency;

namespace AgentGrid.GrainInterfaces.Matches;

/// <summary>
/// The orchestration of one match; its key is the <c>match_id</c>. It drives the runs of the match's rounds, each in a
/// mailbox of its own, and answers every call at once: whoever wants to see a run's end follows the feed.
/// </summary>
[Alias("agentgrid.IMatchGrain")]
public interface IMatchGrain : IGrainWithStringKey
{
    /// <summary>Starts the run of a round, or finds it. Answers after the run is durable.</summary>
    /// <returns>A <see cref="SubmitResult"/>, as JSON.</returns>
    [Alias("Submit"), ResponseTimeout("00:00:20")]
    Task<Json> SubmitAsync(SubmitCommand command);

    /// <summary>Asks something of a run. Answers after the answer is durable.</summary>
    /// <param name="command">A <see cref="RunCommand"/>, as JSON.</param>
    /// <returns>A <see cref="CommandResult"/>, as JSON.</returns>
    [Alias("Command"), ResponseTimeout("00:00:20")]
    Task<Json> CommandAsync(RunId run, Json command);

    /// <summary>Resumes every run of the match that has not ended and that nobody drives. Harmless at any time.</summary>
    [Alias("Wake"), ResponseTimeout("00:00:20")]
    Task WakeAsync();

    /// <summary>An agent's word on how far it is. Nobody waits for it, and it may be lost.</summary>
    [Alias("ReportProgress"), OneWay]
    Task ReportProgressAsync(ProgressReport report);
}
