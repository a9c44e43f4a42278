using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using AgentGrid.Core.Feed;

namespace AgentGrid.Engine.Feed;

/// <summary>
/// Follows a feed once: from the ring where it reaches back far enough, else page by page from where all events are
/// kept.
/// </summary>
/// <param name="readPage">
/// Reads what is kept: up to so many events that match a query and come after a number. Whatever has left the ring is
/// there already, or has been removed.
/// </param>
/// <param name="lastSeq">
/// The number of the last event that is kept, which may be ahead of the ring. Asked only while the reader is.
/// </param>
/// <param name="stopping">When the feed ends; what was published before is still delivered.</param>
public sealed class FeedFollower(
    FeedBuffer ring, Func<FeedQuery, long, int, ValueTask<FeedPage>> readPage, Func<ValueTask<long>> lastSeq,
    TimeProvider time, CancellationToken stopping)
{
    private const int MostEvents = 500;
    private static readonly TimeSpan s_catchingUp = TimeSpan.FromMilliseconds(100);
    private static readonly FeedQuery s_all = new();

    /// <summary>The number up to which the reader has been served; 0 before it has begun.</summary>
    public long Seen { get; private set; }

    /// <summary>
    /// Batches without gap or repeat: what comes after <see cref="FeedQuery.After"/>, or after now, and then live. When
    /// that number is beyond the newest event, the reader is told by an event of the stage <see cref="Stages.Reset"/>,
    /// and gets everything there is.
    /// </summary>
    /// <exception cref="OperationCanceledException">It was cancelled, rather than that the feed ended.</exception>
    public async IAsyncEnumerable<ImmutableArray<FeedEvent>> FollowAsync(
        FeedQuery query, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopping);
        Seen = query.After ?? ring.Head;
        var live = false;
        while (!cancellationToken.IsCancellationRequested)
        {
            // Asked before reading: what was published before the engine stopped is still delivered.
            var ending = stopping.IsCancellationRequested;
            ImmutableArray<FeedEvent> batch;
            if (Seen > ring.Head)
            {
                if (ending)
                {
                    break;
                }
                // It has read what is kept and on its way here, or another process has shown it; if it is not lost.
                if (await ComesAsync(Seen, stop.Token).ConfigureAwait(false)
                    || await lastSeq().ConfigureAwait(false) is var last && Seen <= last)
                {
                    continue;
                }
                batch = [new FeedWriter().Reset(0, Seen, last, time.GetUtcNow())];
                Seen = 0;
            }
            else if (ring.TryRead(Seen, MostEvents, out var recent))
            {
                live = true;
                if (recent.IsEmpty)
                {
                    if (ending)
                    {
                        break;
                    }
                    Seen = await ring.WaitAsync(Seen, query, stop.Token).ConfigureAwait(false);
                    continue;
                }
                Seen = recent[^1].Seq;
                batch = recent.All(query.Matches) ? recent : recent.RemoveAll(e => !query.Matches(e));
            }
            else if (ending)
            {
                break;
            }
            else
            {
                if (live)
                {
                    ring.FellOut(Seen);
                    live = false;
                }
                // Taken before the page is read: what had left the ring by then is kept there, or removed.
                var oldest = ring.Oldest;
                var page = await readPage(query, Seen, MostEvents).ConfigureAwait(false);
                Seen = page.AtEnd ? Math.Max(page.Next, oldest - 1) : page.Next;
                batch = page.Events;
            }
            if (!batch.IsEmpty)
            {
                yield return batch;
            }
        }
        cancellationToken.ThrowIfCancellationRequested();
    }

    // Whether the ring comes as far in a moment.
    private async ValueTask<bool> ComesAsync(long seq, CancellationToken cancellationToken)
    {
        using var soon = new CancellationTokenSource(s_catchingUp, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(soon.Token, cancellationToken);
        while (ring.Head < seq && !either.IsCancellationRequested)
        {
            await ring.WaitAsync(ring.Head, s_all, either.Token).ConfigureAwait(false);
        }
        return ring.Head >= seq;
    }
}
