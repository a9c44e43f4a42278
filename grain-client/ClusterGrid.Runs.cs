using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Feed;

namespace AgentGrid.GrainClient;

public sealed partial class ClusterGrid
{
    private const int MostEvents = 500;
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan StorePause = TimeSpan.FromMilliseconds(500);

    public async ValueTask<RunDetails?> GetRunAsync(RunId id, CancellationToken cancellationToken = default) =>
        await ReadAsync(() => _log.ReplayAsync(id), cancellationToken).ConfigureAwait(false) is { } state
            ? await GroupWait.AddAsync(RunDetailsBuilder.Build(state), query => ListRunsAsync(query, cancellationToken)).ConfigureAwait(false)
            : null;

    public async ValueTask<RunJournal?> GetJournalAsync(RunId id, CancellationToken cancellationToken = default) =>
        await ReadAsync(() => _log.ReadJournalAsync(id), cancellationToken).ConfigureAwait(false);

    public async ValueTask<RunDetails?> WaitForEndAsync(
        RunId id, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        var started = _time.GetTimestamp();
        while (true)
        {
            // In this order: an end after the look has a number after the head.
            var head = _tail.Ring.Head;
            try
            {
                var run = await ReadAsync(() => _log.FindAsync(id), cancellationToken).ConfigureAwait(false);
                if (run is null || run.Summary.Status.IsEnded() || _time.GetElapsedTime(started) >= timeout)
                {
                    return run is null ? null : await GetRunAsync(id, cancellationToken).ConfigureAwait(false);
                }
            }
            catch (GridUnavailableException) when (_time.GetElapsedTime(started) < timeout)
            {
                // The run goes on when the store comes back, and so does the wait for it.
                await Task.Delay(StorePause, _time, cancellationToken).ConfigureAwait(false);
                continue;
            }
            var left = timeout - _time.GetElapsedTime(started);
            await WaitForEndEventAsync(id, head, left < LongestWait ? left : LongestWait, cancellationToken)
                .ConfigureAwait(false);
        }
    }

    public async ValueTask<Json?> GetOutputAsync(RunId id, string step, CancellationToken cancellationToken = default) =>
        (await GetRunAsync(id, cancellationToken).ConfigureAwait(false))?
            .Steps.FirstOrDefault(s => s.Id == step)?.Output;

    public async ValueTask<Stream?> OpenArtifactAsync(RunId id, string sha256, CancellationToken cancellationToken = default) =>
        _artifacts is null || !ArtifactReference.IsSha256(sha256)
            ? null
            : await _artifacts.OpenAsync(id, sha256, cancellationToken).ConfigureAwait(false);

    public async ValueTask<RunPage> ListRunsAsync(RunQuery query, CancellationToken cancellationToken = default) =>
        await ReadAsync(() => _log.ListAsync(query), cancellationToken).ConfigureAwait(false);

    public async ValueTask<FeedPage> ReadEventsAsync(
        FeedQuery query, int limit = 500, CancellationToken cancellationToken = default)
    {
        // Only who is ahead of the ring may be ahead of the log.
        if (query.After is not { } after || after > _tail.Ring.Head)
        {
            var last = await ReadAsync(() => _log.LastSeqAsync(), cancellationToken).ConfigureAwait(false);
            if (query.After > last)
            {
                return FeedPage.Reset(query.After.Value, last, _time.GetUtcNow());
            }
            after = query.After ?? last;
        }
        return await ReadAsync(() => _log.ReadEventsAsync(query, after, Math.Max(1, limit)), cancellationToken)
            .ConfigureAwait(false);
    }

    public async IAsyncEnumerable<ImmutableArray<FeedEvent>> FollowAsync(
        FeedQuery query, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var era = _tail.Era;
            var follower = new FeedFollower(
                _tail.Ring, (page, after, most) => ReadPageAsync(page, after, most, cancellationToken),
                () => LastSeqAsync(cancellationToken), _time, era.Ended);
            await foreach (var batch in follower.FollowAsync(query, cancellationToken).ConfigureAwait(false))
            {
                yield return batch;
            }
            if (_stopping || _tail.Era == era)
            {
                yield break;
            }
            // The store has lost what came after the start of this era; who had seen more of it is told.
            var (seen, start) = (follower.Seen, _tail.Era.Start);
            query = query with { After = Math.Min(seen, start) };
            if (seen > start)
            {
                yield return [new FeedWriter().Reset(start, seen, start, _time.GetUtcNow())];
            }
        }
    }

    private ValueTask<FeedPage> ReadPageAsync(
        FeedQuery query, long after, int most, CancellationToken cancellationToken) =>
        PatientlyAsync(() => _log.ReadEventsAsync(query, after, most), cancellationToken);

    private ValueTask<long> LastSeqAsync(CancellationToken cancellationToken) =>
        PatientlyAsync(() => _log.LastSeqAsync(), cancellationToken);

    // A feed outlives an absence of the store: it is silent until then.
    private async ValueTask<T> PatientlyAsync<T>(Func<Task<T>> read, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await ReadAsync(read, cancellationToken).ConfigureAwait(false);
            }
            catch (GridUnavailableException) when (!_stopping)
            {
                await Task.Delay(StorePause, _time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private async Task WaitForEndEventAsync(RunId id, long after, TimeSpan atMost, CancellationToken cancellationToken)
    {
        using var enough = new CancellationTokenSource(atMost > TimeSpan.Zero ? atMost : TimeSpan.Zero, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(enough.Token, cancellationToken);
        var query = new FeedQuery(RunId: id);
        while (!either.IsCancellationRequested && _tail.Ring.TryRead(after, MostEvents, out var events))
        {
            if (events.IsEmpty)
            {
                after = await _tail.Ring.WaitAsync(after, query, either.Token).ConfigureAwait(false);
                continue;
            }
            if (events.Any(e => e.EndsRun && e.RunId == id))
            {
                return;
            }
            after = events[^1].Seq;
        }
        cancellationToken.ThrowIfCancellationRequested();
    }
}
