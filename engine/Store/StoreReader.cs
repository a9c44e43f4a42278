using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Artifacts;

namespace AgentGrid.Engine.Store;

/// <summary>Reads what a store has: runs from their events, lists of runs, and pages of events.</summary>
public sealed class StoreReader
{
    /// <summary>How much of a run is read at once to replay it.</summary>
    internal static readonly TurnLimits ReplayedAtOnce = new(int.MaxValue, int.MaxValue, 4 << 20);

    private readonly IRunSource _source;
    private readonly DamageText _text;
    private readonly RunLister _lister;
    private readonly FeedReader _feed;

    /// <param name="latest">Lays what is known in memory of a run over what is kept; null where nothing is.</param>
    public StoreReader(
        IRunSource source, DamageText text, DamageLog log, TimeProvider time, Func<RunSummary, RunSummary>? latest = null)
    {
        _source = source;
        _text = text;
        _lister = new RunLister(source, text, log, latest);
        _feed = new FeedReader(source, text, log, time);
    }

    /// <summary>Where large values of its runs lie; null when nowhere.</summary>
    public StoredValues? Values { get; set; }

    /// <inheritdoc cref="RunLister.ListAsync"/>
    public Task<RunPage> ListAsync(RunQuery query) => _lister.ListAsync(query);

    /// <inheritdoc cref="FeedReader.ReadAsync"/>
    public ValueTask<FeedPage> ReadEventsAsync(FeedQuery query, long after, int limit) =>
        _feed.ReadAsync(query, after, limit);

    /// <summary>Replays a run from its events; null when there is no such run (any more).</summary>
    /// <exception cref="DamageException">Its records are damaged.</exception>
    public Task<RunState?> ReplayAsync(RunId id) => ReplayAsync(id, events: null);

    /// <summary>A run with all its events; null when there is no such run (any more).</summary>
    /// <exception cref="DamageException">Its records are damaged.</exception>
    public async Task<RunJournal?> ReadJournalAsync(RunId id)
    {
        var events = new List<RunEvent>();
        return await ReplayAsync(id, events).ConfigureAwait(false) is { } state ? new RunJournal(state.Plan, [.. events]) : null;
    }

    private async Task<RunState?> ReplayAsync(RunId id, List<RunEvent>? events)
    {
        if (await _source.FindAsync(id).ConfigureAwait(false) is not { } run)
        {
            return null;
        }
        if (await _source.FindPlanAsync(id, run.Head).ConfigureAwait(false) is not { } plan)
        {
            return await IsGoneAsync(id).ConfigureAwait(false)
                ? null
                : throw _text.OfRun(id.Value, $"was accepted with plan {run.Head.PlanKey}, which is missing", run.Key);
        }
        var replay = new RunReplay(new RunState(plan), _text, Values, events);
        for (var after = 0L; ;)
        {
            var page = await _source.ReadTurnsAsync(new FeedQuery(RunId: id), after, ReplayedAtOnce).ConfigureAwait(false);
            foreach (var turn in page.Turns)
            {
                replay.Add(turn);
                after = turn.Last;
            }
            // Events may have been added meanwhile: the page has the run as it was when the page was read.
            run = page.Run ?? run;
            if (page.AtEnd)
            {
                break;
            }
        }
        var state = replay.State;
        if (IsOf(run, state))
        {
            return state;
        }
        return await IsGoneAsync(id).ConfigureAwait(false)
            ? null
            : throw _text.OfRun(
                id.Value, $"is {run.Summary.Status} with {run.Version} events by its summary, and {state.Status} with " +
                $"{state.Version} by its events", run.Key);
    }

    private static bool IsOf(StoredRun run, RunState state) =>
        (run.Version is null || run.Version == state.Version) && state.Key == run.Key
        && (state.Status == run.Summary.Status || (!state.Status.IsEnded() && !run.Summary.Status.IsEnded()));

    private async Task<bool> IsGoneAsync(RunId id) => await _source.FindAsync(id).ConfigureAwait(false) is null;
}
