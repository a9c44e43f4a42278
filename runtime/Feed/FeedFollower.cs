using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using AgentGrid.Core.Feed;

namespace AgentGrid.Runtime.Feed;

/// <summary>
/// Follows a feed: from the ring where it reaches back far enough, else page by page from where all events are kept.
/// </summary>
/// <param name="readPage">
/// Reads what is kept: up to so many events that match a query and come after a number. Whatever has left the ring is
/// there already, or has been removed.
/// </param>
/// <param name="stopping">When the feed ends; what was published before is still delivered.</param>
public sealed class FeedFollower(
    FeedBuffer ring, Func<FeedQuery, long, int, ValueTask<FeedPage>> readPage, CancellationToken stopping)
{
    private const int MostEvents = 500;

    /// <summary>
    /// Batches without gap or repeat: what comes after <see cref="FeedQuery.After"/>, or after now, and then live.
    /// </summary>
    /// <exception cref="OperationCanceledException">It was cancelled, rather than that the feed ended.</exception>
    public async IAsyncEnumerable<ImmutableArray<FeedEvent>> FollowAsync(
        FeedQuery query, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stopping);
        var seen = query.After ?? ring.Head;
        var live = false;
        while (!cancellationToken.IsCancellationRequested)
        {
            // Asked before reading: what was published before the engine stopped is still delivered.
            var ending = stopping.IsCancellationRequested;
            ImmutableArray<FeedEvent> batch;
            if (ring.TryRead(seen, MostEvents, out var recent))
            {
                live = true;
                if (recent.IsEmpty)
                {
                    if (ending)
                    {
                        break;
                    }
                    seen = await ring.WaitAsync(seen, query, stop.Token).ConfigureAwait(false);
                    continue;
                }
                seen = recent[^1].Seq;
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
                    ring.FellOut(seen);
                    live = false;
                }
                // Taken before the page is read: what had left the ring by then is kept there, or removed.
                var oldest = ring.Oldest;
                var page = await readPage(query, seen, MostEvents).ConfigureAwait(false);
                seen = page.AtEnd ? Math.Max(page.Next, oldest - 1) : page.Next;
                batch = page.Events;
            }
            if (!batch.IsEmpty)
            {
                yield return batch;
            }
        }
        cancellationToken.ThrowIfCancellationRequested();
    }
}
