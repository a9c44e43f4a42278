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
    [Alias("Submit"), ResponseTimeout("00:00:20")]
    Task<SubmitReply> SubmitAsync(SubmitCommand command);

    /// <summary>Asks a run to end. Answers after the end is durable.</summary>
    [Alias("Cancel"), ResponseTimeout("00:00:20")]
    Task<CommandReply> CancelAsync(CancelCommand command);

    /// <summary>Lets an ended run go on. Answers after that is durable.</summary>
    [Alias("Retry"), ResponseTimeout("00:00:20")]
    Task<CommandReply> RetryAsync(RetryCommand command);

    /// <summary>Resumes every run of the match that has not ended and that nobody drives. Harmless at any time.</summary>
    [Alias("Wake"), ResponseTimeout("00:00:20")]
    Task WakeAsync();

    /// <summary>An agent's word on how far it is. Nobody waits for it, and it may be lost.</summary>
    [Alias("ReportProgress"), OneWay]
    Task ReportProgressAsync(ProgressReport report);
}
