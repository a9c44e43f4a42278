using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Store;

/// <summary>
/// Where runs are kept. Every change happens wholly or not at all; events get their numbers in it: from 1, without gaps,
/// in the order in which they were kept.
/// </summary>
/// <remarks>
/// Can be called concurrently. What is kept is as durable as the store says. When a call ends with another exception than
/// <see cref="DamageException"/>, the change may have been made: every method can be called again, see there.
/// </remarks>
public interface IRunStore
{
    /// <summary>
    /// Keeps a new run, unless its key is taken by another than the one that it supersedes, or there is no place for it: in all, or for its tenant, who must leave
    /// free an eighth of what it holds. One that names no tenant may take every place.
    /// </summary>
    /// <remarks>
    /// To be repeated after a lost answer with the same event: if it had been kept, the answer is
    /// <see cref="AcceptOutcome.KeyTaken"/> with the run that was offered.
    /// </remarks>
    /// <param name="maxRuns">How many runs there may be, active or queued.</param>
    /// <exception cref="DamageException">The key is taken by something that is not a run.</exception>
    Task<AcceptOutcome> AcceptAsync(RunEvent.RunAccepted accepted, Plan plan, int maxRuns);

    /// <summary>Keeps one turn's events if the run still has <paramref name="expectedVersion"/> of them.</summary>
    /// <remarks>
    /// To be repeated after a lost answer: if the turn had been kept, the answer is
    /// <see cref="AppendOutcome.Conflict"/>.
    /// </remarks>
    /// <param name="summary">The run after these events.</param>
    /// <param name="maxRuns">
    /// As <see cref="AcceptAsync"/> has it, for a turn that makes an ended run active again: then there must be a place for it.
    /// </param>
    /// <exception cref="ArgumentException">The summary does not fit the events.</exception>
    Task<AppendOutcome> AppendAsync(
        RunId run, long expectedVersion, IReadOnlyList<RunEvent> events, RunSummary summary, int maxRuns = int.MaxValue);

    /// <summary>Null when there is no such run (any more).</summary>
    /// <exception cref="DamageException">What is kept of it is damaged.</exception>
    Task<StoredRun?> FindAsync(RunId run);

    /// <inheritdoc cref="FindAsync(RunId)"/>
    Task<StoredRun?> FindAsync(RunKey key);

    /// <summary>Replays a run from its events; null when there is no such run (any more).</summary>
    /// <exception cref="DamageException">Its records are damaged.</exception>
    Task<RunState?> ReplayAsync(RunId run);

    /// <summary>A run with all its events; null when there is no such run (any more).</summary>
    /// <exception cref="DamageException">Its records are damaged.</exception>
    Task<RunJournal?> ReadJournalAsync(RunId run);

    /// <summary>All runs that have not ended, oldest first; but for damaged ones, which are reported.</summary>
    /// <param name="matchId">Those of a match; null for all.</param>
    Task<IReadOnlyList<StoredRun>> ActiveAsync(string? matchId = null);

    /// <summary>
    /// All runs that have ended, and owe webhooks something (<see cref="RunSummary.OpenWebhooks"/>); but for damaged ones, which are
    /// reported. They are not removed before that is settled.
    /// </summary>
    /// <param name="matchId">Those of a match; null for all.</param>
    Task<IReadOnlyList<StoredRun>> OwingAsync(string? matchId = null);

    /// <summary>Runs, newest first; but for damaged ones, which are reported.</summary>
    /// <exception cref="FormatException">The cursor was not made here.</exception>
    Task<RunPage> ListAsync(RunQuery query);

    /// <inheritdoc cref="FeedReader.ReadAsync"/>
    Task<FeedPage> ReadEventsAsync(FeedQuery query, long after, int limit);

    /// <inheritdoc cref="FeedReader.EventsOf(long, string, RunKey, byte[], RecentTurns?)"/>
    ImmutableArray<FeedEvent> EventsOf(long last, string run, RunKey key, byte[] record) =>
        FeedReader.EventsOf(last, run, key, record);

    /// <summary>The number of the last event; 0 before the first.</summary>
    Task<long> LastSeqAsync();

    /// <summary>Counts the runs that have not ended.</summary>
    Task<RunCounts> CountAsync();

    /// <summary>
    /// Removes ended runs that are older than the retention, the oldest first: with their keys, events and plans. Never
    /// one that has been retried meanwhile.
    /// </summary>
    /// <param name="most">How many at most.</param>
    /// <returns>How many were removed.</returns>
    Task<int> SweepAsync(int most);

    /// <summary>This process is there to drive runs; to be said more often than <paramref name="longest"/>.</summary>
    /// <param name="longest">When no process has said so for longer, nobody was there.</param>
    /// <returns>When that happened last; null when it never did.</returns>
    Task<Outage?> StayAliveAsync(TimeSpan longest);

    /// <summary>The names of the agents that an operator has drained, whether there are such agents or not.</summary>
    Task<IReadOnlyList<string>> DrainedAsync();

    /// <summary>Keeps that an agent is drained, or that it is no more.</summary>
    Task KeepDrainedAsync(string agent, bool drained);

    /// <summary>Says in the log of the program that a run is damaged, once for each. For whoever goes on without it.</summary>
    void Report(DamageException damage);
}
