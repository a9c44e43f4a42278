using AgentGrid.Core;
using AgentGrid.Core.Grid;
using Orleans.Concurrency;

namespace AgentGrid.GrainInterfaces.Matches;

/// <summary>
/// The orchestration of one match; its key is the <c>match_id</c>. It drives the runs of the match's rounds, each in a
/// mailbox of its own, and answers every call at once but one: whoever is no run and wants to see the end of one follows the feed.
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

    /// <summary>Waits some seconds for the end of a run, and sees to it that it is driven.</summary>
    /// <returns>How it ended; null when it goes on.</returns>
    [Alias("WaitForEnd"), ResponseTimeout("00:00:20")]
    Task<EndedRun?> WaitForEndAsync(RunId run);

    /// <summary>Whether an attempt of a run is open, by what is durable: somebody waits for what it comes to.</summary>
    [Alias("IsOpen"), ResponseTimeout("00:00:20")]
    Task<bool> IsOpenAsync(RunId run, string step, int attempt);

    /// <summary>An agent's word on how far it is. Nobody waits for it, and it may be lost.</summary>
    [Alias("ReportProgress"), OneWay]
    Task ReportProgressAsync(ProgressReport report);

    /// <summary>A node's word on an agent that was told to stop; also of a run that has ended.</summary>
    [Alias("ReportStop"), ResponseTimeout("00:00:10")]
    Task ReportStopAsync(StopReport report);
}
