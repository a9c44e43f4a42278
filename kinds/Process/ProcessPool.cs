using AgentGrid.Core.Agents;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Kinds.Process;

/// <summary>
/// The processes of one agent that are alike: they have the same GPU, or none. Who asks for one gets it at once, or waits
/// in turn for the next that is free. Those that end are replaced, after a pause that grows while they end again and again.
/// </summary>
internal sealed partial class ProcessPool
{
    // As often may they fail in a row while there are others.
    private const int MostFailures = 3;

    private static readonly TimeSpan s_firstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(30);

    private readonly string _agent;
    private readonly ProcessSettings _settings;
    private readonly AgentKindContext _context;
    private readonly Guard _guard;
    private readonly ILogger _logger;
    private readonly int? _gpu;
    private readonly int _most;
    private readonly Lock _gate = new();

    // The one that was used last is used next: those that are too many can be missed.
    private readonly Stack<Worker> _idle = new();
    private readonly Dictionary<Worker, long> _idleSince = [];
    private readonly HashSet<Worker> _busy = [];
    private readonly LinkedList<TaskCompletionSource<Worker>> _waiting = [];
    private readonly CancellationTokenSource _closing = new();
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITimer? _tidying;
    private int _starting;
    private int _ready;
    private int _ending;
    private int _underWay;
    private int _failures;
    private bool _failedToStart;
    private string? _reason;
    private long _failedAt;
    private ITimer? _pause;
    private bool _isClosed;

    /// <param name="gpu">The index of the GPU that its processes see; null for whatever there is.</param>
    public ProcessPool(
        string agent, ProcessSettings settings, AgentKindContext context, Guard guard, ILogger logger, int? gpu)
    {
        (_agent, _settings, _context, _guard, _logger, _gpu) = (agent, settings, context, guard, logger, gpu);
        _most = settings.PerGpu ? 1 : settings.Processes;
        if (settings.IdleTimeout is { } idle)
        {
            _tidying = context.Time.CreateTimer(static pool => ((ProcessPool)pool!).Tidy(), this, idle / 2, idle / 2);
        }
    }

    /// <summary>Processes that do an attempt, or could.</summary>
    public int Ready => Volatile.Read(ref _ready);

    /// <summary>Why there is none, or why they end again and again; null when all is well.</summary>
    public string? Problem
    {
        get
        {
            lock (_gate)
            {
                return _ready == 0 || _failures >= MostFailures ? _reason : null;
            }
        }
    }

    /// <summary>Starts what is missing.</summary>
    public void Fill()
    {
        lock (_gate)
        {
            while (MayStart())
            {
                Start();
            }
        }
    }

    /// <summary>Completes when a process is ready.</summary>
    /// <exception cref="AgentException">None could be started; with the reason.</exception>
    public async Task WarmUpAsync(CancellationToken cancellationToken)
    {
        Fill();
        Return(await TakeAsync(cancellationToken).ConfigureAwait(false));
    }

    /// <summary>A process for one attempt, to be given back.</summary>
    /// <exception cref="AgentException">
    /// None is ready, and none is to be started yet: <see cref="AgentException.RetryAfter"/> says when.
    /// </exception>
    public ValueTask<Worker> TakeAsync(CancellationToken cancellationToken)
    {
        LinkedListNode<TaskCompletionSource<Worker>> node;
        lock (_gate)
        {
            if (_isClosed)
            {
                throw Closed();
            }
            while (_idle.TryPop(out var worker))
            {
                _idleSince.Remove(worker);
                if (!worker.IsBroken)
                {
                    _busy.Add(worker);
                    return ValueTask.FromResult(worker);
                }
                End(worker, EndedIdle(worker));
            }
            if (MayStart() && _waiting.Count >= _starting)
            {
                Start();
            }
            if (_ready + _starting + _ending == 0)
            {
                throw Unavailable();
            }
            node = _waiting.AddLast(new TaskCompletionSource<Worker>(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        return WaitAsync(node, cancellationToken);
    }

    /// <summary>The attempt is over.</summary>
    public void Return(Worker worker)
    {
        var isWornOut = !worker.IsBroken
            && (worker.Tasks >= _settings.MaxTasksPerProcess
                || (_settings.MaxMemoryBytes is { } most && worker.ResidentBytes > most));
        lock (_gate)
        {
            _busy.Remove(worker);
            if (worker.Failure is null && worker.Tasks > 0)
            {
                (_failures, _reason) = (0, null);
            }
            if (worker.IsBroken || isWornOut || _isClosed)
            {
                End(worker, worker.WasGivenUp ? null : worker.Failure);
                return;
            }
            Offer(worker);
        }
    }

    /// <summary>Ends all processes, in order; what one of them still does comes to an end with it.</summary>
    public async Task CloseAsync()
    {
        lock (_gate)
        {
            _isClosed = true;
            _tidying?.Dispose();
            _pause?.Dispose();
            while (_idle.TryPop(out var worker))
            {
                End(worker, failure: null);
            }
            FailWaiting(Closed());
            foreach (var worker in _busy)
            {
                Own(worker.StopAsync);
            }
            if (_underWay == 0)
            {
                _done.TrySetResult();
            }
        }
        await _closing.CancelAsync().ConfigureAwait(false);
        await _done.Task.ConfigureAwait(false);
    }

    private async ValueTask<Worker> WaitAsync(
        LinkedListNode<TaskCompletionSource<Worker>> node, CancellationToken cancellationToken)
    {
        await using var registration = cancellationToken.UnsafeRegister(_ => GiveUp(node, cancellationToken), null)
            .ConfigureAwait(false);
        return await node.Value.Task.ConfigureAwait(false);
    }

    private void GiveUp(LinkedListNode<TaskCompletionSource<Worker>> node, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (node.List is null)
            {
                return; // it has been served
            }
            _waiting.Remove(node);
        }
        node.Value.SetCanceled(cancellationToken);
    }

    // While they fail, one is tried at a time.
    private bool MayStart() => !_isClosed && _ready + _starting + _ending < _most && PauseLeft() <= TimeSpan.Zero
        && (_failures == 0 || _starting == 0);

    private TimeSpan Pause() => _failures <= 1
        ? TimeSpan.Zero
        : TimeSpan.FromTicks(Math.Min(s_firstPause.Ticks << Math.Min(_failures - 2, 10), s_longestPause.Ticks));

    private TimeSpan PauseLeft() => _failures == 0 ? TimeSpan.Zero : Pause() - _context.Time.GetElapsedTime(_failedAt);

    private AgentException Unavailable()
    {
        var left = PauseLeft();
        return new AgentException(ProcessErrors.Unavailable, _reason ?? $"Agent '{_agent}' has no process.")
        {
            RetryAfter = left > TimeSpan.Zero ? left : null,
        };
    }

    private AgentException Closed() =>
        new(ProcessErrors.Unavailable, $"Agent '{_agent}' is being replaced or stopped.");

    private void Start()
    {
        _starting++;
        Own(StartAsync);
    }

    private async Task StartAsync()
    {
        Worker? worker = null;
        string? failure = null;
        try
        {
            worker = await Worker.StartAsync(
                _agent, _settings, _gpu, _context, _guard, _logger, _closing.Token)
                .ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested)
        {
            // Nobody wants it any more.
        }
        catch (Exception e)
        {
            failure = e.Message;
        }
        lock (_gate)
        {
            _starting--;
            if (worker is null)
            {
                if (failure is not null)
                {
                    Fail(failure, toStart: true);
                }
                return;
            }
            _ready++;
            if (_failedToStart)
            {
                // What was wrong is over. Those that start well and then end are not known to be mended by a start.
                (_failures, _reason, _failedToStart) = (0, null, false);
            }
            if (_isClosed)
            {
                End(worker, failure: null);
                return;
            }
            Own(() => WatchAsync(worker));
            Offer(worker);
            Fill();
        }
    }

    // One that ends while nobody uses it.
    private async Task WatchAsync(Worker worker)
    {
        await worker.Exited.ConfigureAwait(false);
        lock (_gate)
        {
            if (!_idleSince.Remove(worker))
            {
                return; // who has it, or has ended it, knows
            }
            var rest = _idle.Where(w => w != worker).Reverse().ToArray();
            _idle.Clear();
            foreach (var other in rest)
            {
                _idle.Push(other);
            }
            End(worker, EndedIdle(worker));
        }
    }

    private string EndedIdle(Worker worker) =>
        $"The process of agent '{_agent}' (pid {worker.Id}) ended with exit code {worker.ExitCode} while it had nothing to do.";

    private void Offer(Worker worker)
    {
        if (_waiting.First is { } first)
        {
            _waiting.RemoveFirst();
            _busy.Add(worker);
            first.Value.SetResult(worker);
            return;
        }
        _idle.Push(worker);
        _idleSince[worker] = _context.Time.GetTimestamp();
    }

    // It does no further attempt. Another takes its place when it is gone: there may be no room for both.
    private void End(Worker worker, string? failure)
    {
        _idleSince.Remove(worker);
        _ready--;
        _ending++;
        Own(async () =>
        {
            await worker.StopAsync().ConfigureAwait(false);
            worker.Release();
            lock (_gate)
            {
                _ending--;
                if (failure is not null)
                {
                    Fail(failure);
                }
                else
                {
                    Replace();
                }
            }
        });
    }

    private void Fail(string reason, bool toStart = false)
    {
        _failures++;
        _failedToStart = toStart;
        _failedAt = _context.Time.GetTimestamp();
        _reason = reason;
        var pause = Pause();
        LogFailed(_logger, _agent, _failures, pause.TotalSeconds, reason);
        if (pause > TimeSpan.Zero && !_isClosed)
        {
            _pause?.Dispose();
            _pause = _context.Time.CreateTimer(
                static pool => ((ProcessPool)pool!).GoOn(), this, pause, Timeout.InfiniteTimeSpan);
        }
        Replace();
    }

    private void GoOn()
    {
        lock (_gate)
        {
            if (PauseLeft() > TimeSpan.Zero)
            {
                // Timers follow a coarser clock, and can be early.
                _pause?.Change(TimeSpan.FromMilliseconds(10), Timeout.InfiniteTimeSpan);
                return;
            }
            Fill();
        }
    }

    // Kept warm: where a process was there is one again.
    private void Replace()
    {
        if (MayStart())
        {
            Start();
        }
        else if (_ready + _starting + _ending == 0)
        {
            FailWaiting(Unavailable());
        }
    }

    private void FailWaiting(AgentException why)
    {
        foreach (var waiter in _waiting)
        {
            waiter.SetException(why);
        }
        _waiting.Clear();
    }

    // What has had nothing to do for long ends, and comes again when it is asked for.
    private void Tidy()
    {
        lock (_gate)
        {
            var kept = new List<Worker>();
            while (_idle.TryPop(out var worker))
            {
                if (_context.Time.GetElapsedTime(_idleSince[worker]) < _settings.IdleTimeout)
                {
                    kept.Add(worker);
                    continue;
                }
                _idleSince.Remove(worker);
                _ready--;
                Own(async () =>
                {
                    await worker.StopAsync().ConfigureAwait(false);
                    worker.Release();
                });
            }
            kept.Reverse();
            kept.ForEach(_idle.Push);
        }
    }

    // What is under way belongs to the pool: who closes it waits for it. It never runs in the lock of who began it.
    private void Own(Func<Task> work)
    {
        Interlocked.Increment(ref _underWay);
        _ = RunAsync(work);
    }

    private async Task RunAsync(Func<Task> work)
    {
        await Task.Yield();
        try
        {
            await work().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            LogBroken(_logger, e, _agent);
        }
        lock (_gate)
        {
            if (Interlocked.Decrement(ref _underWay) == 0 && _isClosed)
            {
                _done.TrySetResult();
            }
        }
    }

    [LoggerMessage(1110, LogLevel.Warning, "Agent '{Agent}' failed {Times} times in a row, the next start is in {Seconds} s: {Reason}")]
    private static partial void LogFailed(ILogger logger, string agent, int times, double seconds, string reason);

    [LoggerMessage(1111, LogLevel.Error, "Agent '{Agent}': a process could not be managed")]
    private static partial void LogBroken(ILogger logger, Exception exception, string agent);
}
