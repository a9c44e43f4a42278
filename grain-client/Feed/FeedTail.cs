using System.Collections.Immutable;
using AgentGrid.Core.Feed;
using AgentGrid.GrainInterfaces.Feed;
using AgentGrid.Runtime.Feed;
using Microsoft.Extensions.Logging;

namespace AgentGrid.GrainClient.Feed;

/// <summary>
/// Keeps a ring of the newest events. They come over several streams: in no order, some twice, some never. They are put
/// in the order of their numbers, and what is missing for too long is read from the log; without any stream at all, the
/// log alone is followed, half a second behind.
/// </summary>
/// <param name="mostAhead">How many events are kept that cannot be shown yet, for want of one before them.</param>
internal sealed partial class FeedTail(FeedBuffer ring, IEventLog log, int mostAhead, TimeProvider time, ILogger logger)
    : IAsyncDisposable
{
    private const int MostAtOnce = 500;
    private const int TicksPerLook = 10;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(50);

    private readonly Lock _gate = new();
    private readonly Dictionary<long, FeedEvent> _ahead = [];
    private readonly List<FeedEvent> _ready = [];
    private readonly CancellationTokenSource _stopping = new();
    private CancellationTokenSource _eraEnd = new();
    private volatile FeedEra? _era;
    private Task _work = Task.CompletedTask;
    private long _missingBefore;
    private long _filled;
    private int _ticks;
    private bool _logFails;

    public FeedBuffer Ring => ring;

    /// <summary>The time that the ring is of. Not before it has been started.</summary>
    public FeedEra Era => _era ?? throw new InvalidOperationException("The feed has not been started.");

    /// <summary>How many events no stream has brought.</summary>
    public long Filled => Volatile.Read(ref _filled);

    /// <summary>Begins behind what the log has now, and follows it from then on.</summary>
    public async Task StartAsync()
    {
        await BeginAsync().ConfigureAwait(false);
        _work = WorkAsync();
    }

    /// <summary><see cref="StartAsync"/> without anything that happens by itself.</summary>
    internal async Task BeginAsync() => Begin(await log.LastSeqAsync().ConfigureAwait(false));

    /// <summary>Takes what a stream has brought. Can be called at any time, by any thread.</summary>
    public void Offer(FeedBatch batch)
    {
        lock (_gate)
        {
            // What comes before the start is in the log.
            if (_era is null)
            {
                return;
            }
            foreach (var frame in batch.Frames)
            {
                if (frame.Seq > ring.Head)
                {
                    Take(frame.ToEvent());
                }
            }
            Publish();
        }
    }

    /// <summary>Ends the feed for those who follow it.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _work.ConfigureAwait(false);
        await _eraEnd.CancelAsync().ConfigureAwait(false);
    }

    /// <summary>
    /// What is to be done every 50 ms: an event that was missing at the last tick already is read from the log; and
    /// twice a second the log is asked whether it has more than has come.
    /// </summary>
    internal async Task TickAsync()
    {
        long missing;
        lock (_gate)
        {
            missing = _ahead.Count > 0 ? ring.Head + 1 : 0;
        }
        var overdue = missing > 0 && missing == _missingBefore;
        _missingBefore = missing;
        if (overdue)
        {
            await FillAsync().ConfigureAwait(false);
        }
        if (++_ticks % TicksPerLook == 0)
        {
            await LookAsync().ConfigureAwait(false);
        }
    }

    private async Task WorkAsync()
    {
        using var timer = new PeriodicTimer(Tick, time);
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await timer.WaitForNextTickAsync(_stopping.Token).ConfigureAwait(false);
                await TickAsync().ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // Whatever it is (Redis is away, a record is damaged): the streams go on, and the next tick tries again.
                if (!_logFails)
                {
                    LogFailing(logger, e.Message);
                }
                _logFails = true;
            }
        }
    }

    private async Task LookAsync()
    {
        // In this order: a number that was shown before the log was asked must be in the log.
        var head = ring.Head;
        var last = await log.LastSeqAsync().ConfigureAwait(false);
        if (_logFails)
        {
            LogReadAgain(logger);
            _logFails = false;
        }
        if (last < head || !await IsKeptAsync(head).ConfigureAwait(false))
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
        while (true)
        {
            var page = await log.ReadAsync(new FeedQuery(), ring.Head, MostAtOnce).ConfigureAwait(false);
            lock (_gate)
            {
                AddFromLog(page.Events);
                if (page.AtEnd || page.Events.IsEmpty)
                {
                    break;
                }
            }
        }
        var last = await log.LastSeqAsync().ConfigureAwait(false);
        lock (_gate)
        {
            // Streams bring what is durable. What the log does not know was lost with it, and its number comes again.
            foreach (var unknown in _ahead.Keys.Where(seq => seq > last).ToList())
            {
                _ahead.Remove(unknown);
            }
        }
    }

    private void AddFromLog(ImmutableArray<FeedEvent> events)
    {
        foreach (var e in events)
        {
            var next = ring.Head + _ready.Count + 1;
            if (e.Seq < next)
            {
                continue;
            }
            if (e.Seq > next)
            {
                // The ones before have been removed from the log or are damaged, and nobody can show them any more.
                Publish();
                ring.StartAfter(e.Seq - 1);
                _missingBefore = 0;
            }
            _ready.Add(e);
            _filled++;
        }
        Publish();
        foreach (var old in _ahead.Keys.Where(seq => seq <= ring.Head).ToList())
        {
            _ahead.Remove(old);
        }
    }

    private void Take(FeedEvent e)
    {
        var next = ring.Head + _ready.Count + 1;
        if (e.Seq == next)
        {
            _ready.Add(e);
            while (_ahead.Remove(++next, out var follower))
            {
                _ready.Add(follower);
            }
        }
        else if (e.Seq > next && _ahead.Count < mostAhead)
        {
            _ahead.TryAdd(e.Seq, e);
        }
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
            _ahead.Clear();
            _missingBefore = 0;
            ring.StartAfter(last);
            _era = new FeedEra(last, _eraEnd.Token);
        }
        ended.Cancel();
        ended.Dispose();
    }
}
