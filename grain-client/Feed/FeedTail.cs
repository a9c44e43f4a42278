using System.Collections.Immutable;
using AgentGrid.Core.Feed;
using AgentGrid.Engine.Feed;
using AgentGrid.GrainInterfaces.Feed;
using Microsoft.Extensions.Logging;

namespace AgentGrid.GrainClient.Feed;

/// <summary>
/// Keeps a ring of the newest events. The stream brings every turn as it is kept, in the order of the numbers; what it
/// does not bring, because its owner died or a record was too large for it, is read from the log. Without any stream, the
/// log alone is followed, half a second behind.
/// </summary>
internal sealed partial class FeedTail(FeedBuffer ring, IEventLog log, TimeProvider time, ILogger logger)
    : IAsyncDisposable
{
    private const int MostAtOnce = 500;
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(500);

    private readonly Lock _gate = new();
    private readonly List<FeedEvent> _ready = [];
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly CancellationTokenSource _stopping = new();
    private CancellationTokenSource _eraEnd = new();
    private volatile FeedEpoch? _era;
    private volatile bool _lacks;
    private Task _work = Task.CompletedTask;
    private long _filled;
    private long _lookedAt;
    private bool _logFails;

    public FeedBuffer Ring => ring;

    /// <summary>The time that the ring is of. Not before it has been started.</summary>
    public FeedEpoch Era => _era ?? throw new InvalidOperationException("The feed has not been started.");

    /// <summary>How many events the stream has not brought.</summary>
    public long Filled => Volatile.Read(ref _filled);

    /// <summary>Begins behind what the log has now, and follows it from then on.</summary>
    public async Task StartAsync()
    {
        await BeginAsync().ConfigureAwait(false);
        _work = WorkAsync();
    }

    /// <summary><see cref="StartAsync"/> without anything that happens by itself.</summary>
    internal async Task BeginAsync() => Begin(await log.LastSeqAsync().ConfigureAwait(false));

    /// <summary>Takes what the stream has brought. Can be called at any time, by any thread.</summary>
    public void Offer(IEnumerable<FeedTurn> turns)
    {
        lock (_gate)
        {
            // What comes before the start is in the log.
            if (_era is null)
            {
                return;
            }
            // Behind what is missing, the log has all the others too.
            _lacks |= turns.Any(turn => turn.Last > Last && !TryTake(log.EventsOf(turn)));
            FeedMetrics.CountStreamed(_ready.Count);
            Publish();
            if (_lacks && _wake.CurrentCount == 0)
            {
                _wake.Release();
            }
        }
    }

    /// <summary>Ends the feed for those who follow it.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _work.ConfigureAwait(false);
        await _eraEnd.CancelAsync().ConfigureAwait(false);
    }

    private async Task WorkAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await _wake.WaitAsync(LookInterval, _stopping.Token).ConfigureAwait(false);
                await CatchUpAsync().ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // Whatever it is (Redis is away, a record is damaged): the stream goes on, and the next look tries again.
                if (!_logFails)
                {
                    LogFailing(logger, e.Message);
                }
                _logFails = true;
                await Task.Delay(LookInterval, time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>
    /// Reads what the stream has not brought; and twice a second asks the log whether it has more than has come.
    /// </summary>
    internal async Task CatchUpAsync()
    {
        if (_lacks)
        {
            await FillAsync().ConfigureAwait(false);
        }
        if (time.GetElapsedTime(_lookedAt) >= LookInterval)
        {
            _lookedAt = time.GetTimestamp();
            await LookAsync().ConfigureAwait(false);
        }
    }

    private async Task LookAsync()
    {
        // In this order: a number that was shown before the log was asked must be in the log.
        var head = ring.Head;
        var (asking, comparing) = (log.LastSeqAsync(), IsKeptAsync(head));
        await Task.WhenAll(asking, comparing).ConfigureAwait(false);
        var last = await asking.ConfigureAwait(false);
        if (_logFails)
        {
            LogReadAgain(logger);
            _logFails = false;
        }
        if (last < head || !await comparing.ConfigureAwait(false))
        {
            var kept = await LastKeptAsync(last).ConfigureAwait(false);
            LogStartsOver(logger, head, kept);
            Begin(kept);
        }
        if (last > ring.Head)
        {
            await FillAsync().ConfigureAwait(false);
        }
    }

    // Redis may have lost events and given their numbers to others before anybody looked.
    private async Task<bool> IsKeptAsync(long seq)
    {
        if (Shown(seq) is not { } shown)
        {
            return true;
        }
        var page = await log.ReadAsync(new FeedQuery(), seq - 1, 1).ConfigureAwait(false);
        return page.Events.IsEmpty || page.Events[0].Seq != seq || IsSame(page.Events[0], shown);
    }

    // The number of the last event that is in the log as it was shown.
    private async Task<long> LastKeptAsync(long last)
    {
        var kept = ring.Oldest - 1;
        while (true)
        {
            var page = await log.ReadAsync(new FeedQuery(), kept, MostAtOnce).ConfigureAwait(false);
            foreach (var e in page.Events)
            {
                if (Shown(e.Seq) is not { } shown || !IsSame(e, shown))
                {
                    return e.Seq - 1;
                }
                kept = e.Seq;
            }
            if (page.AtEnd || page.Events.IsEmpty)
            {
                return Math.Min(kept, last);
            }
        }
    }

    private FeedEvent? Shown(long seq) => ring.TryRead(seq - 1, 1, out var events) && !events.IsEmpty ? events[0] : null;

    // What was damaged after it had been shown says nothing about the numbers.
    private static bool IsSame(FeedEvent kept, FeedEvent shown) =>
        kept.Stage == Stages.Damaged || (kept.RunId == shown.RunId && kept.Stage == shown.Stage);

    private async Task FillAsync()
    {
        long before;
        do
        {
            before = ring.Head;
            _lacks = false;
            FeedPage page;
            do
            {
                page = await log.ReadAsync(new FeedQuery(), ring.Head, MostAtOnce).ConfigureAwait(false);
                lock (_gate)
                {
                    AddFromLog(page.Events);
                }
            }
            while (!page.AtEnd && !page.Events.IsEmpty);
        }
        // What the stream has brought meanwhile may have come too early.
        while (_lacks && ring.Head > before);
    }

    private void AddFromLog(ImmutableArray<FeedEvent> events)
    {
        var before = _filled;
        foreach (var e in events)
        {
            if (e.Seq <= Last)
            {
                continue;
            }
            if (e.Seq > Last + 1)
            {
                // The ones before have been removed from the log or are damaged, and nobody can show them any more.
                Publish();
                ring.StartAfter(e.Seq - 1);
            }
            _ready.Add(e);
            _filled++;
        }
        FeedMetrics.CountFromLog((int)(_filled - before));
        Publish();
    }

    private long Last => ring.Head + _ready.Count;

    /// <returns>False when there are none, or one before them is missing.</returns>
    private bool TryTake(ImmutableArray<FeedEvent> events)
    {
        if (events.IsEmpty || events[0].Seq > Last + 1)
        {
            return false;
        }
        _ready.AddRange(events.AsSpan()[(int)(Last + 1 - events[0].Seq)..]);
        return true;
    }

    private void Publish()
    {
        ring.Publish(_ready);
        _ready.Clear();
    }

    private void Begin(long last)
    {
        CancellationTokenSource ended;
        lock (_gate)
        {
            ended = _eraEnd;
            _eraEnd = new CancellationTokenSource();
            _lacks = false;
            ring.StartAfter(last);
            _era = new FeedEpoch(last, _eraEnd.Token);
        }
        ended.Cancel();
        ended.Dispose();
    }
}
