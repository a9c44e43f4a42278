using System.Collections.Immutable;
using AgentGrid.Api.Telemetry;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;

namespace AgentGrid.Api.Feed;

/// <summary>
/// A feed that has begun: it is attached to the engine when this is made, before the client is told that it is
/// connected, so that a client which then posts a run sees all of it.
/// </summary>
internal sealed class FeedCursor : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop;
    private readonly IAsyncEnumerator<ImmutableArray<FeedEvent>> _feed;
    private readonly DateTimeOffset _startedAt;
    private readonly TimeProvider _time;
    private Task<bool>? _next;
    private bool _disposed;

    private FeedCursor(IAgentGrid grid, FeedQuery query, TimeProvider time, CancellationToken cancellationToken)
    {
        _time = time;
        _startedAt = time.GetUtcNow();
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _feed = grid.FollowAsync(query, _stop.Token).GetAsyncEnumerator(_stop.Token);
        _next = _feed.MoveNextAsync().AsTask();
    }

    /// <summary>What the last completed <see cref="NextAsync"/> found.</summary>
    public ImmutableArray<FeedEvent> Batch => _feed.Current;

    public static FeedCursor Start(
        IAgentGrid grid, FeedQuery query, TimeProvider time, CancellationToken cancellationToken) =>
        new(grid, query, time, cancellationToken);

    /// <summary>
    /// Waits for the next batch; false at the end of the feed. Until the task is completed, every call gives the same.
    /// </summary>
    public Task<bool> NextAsync() => _next ??= _feed.MoveNextAsync().AsTask();

    /// <summary>Says that the batch has been sent.</summary>
    public void Done()
    {
        // A reader that comes late is not a feed that lags: only what happened under its eyes is timed.
        if (_feed.Current is [.., var last] && last.Time >= _startedAt)
        {
            ApiMetrics.RecordLag(_time.GetUtcNow() - last.Time);
        }
        _next = null;
    }

    /// <summary>Makes a wait for the next batch end.</summary>
    public Task StopAsync() => _stop.CancelAsync();

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }
        _disposed = true;
        await _stop.CancelAsync();
        if (_next is not null)
        {
            // An enumerator must not be disposed while it moves. How the move ends concerns nobody any more.
            await ((Task)_next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        await _feed.DisposeAsync();
        _stop.Dispose();
    }
}
