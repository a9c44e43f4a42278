using Microsoft.Extensions.Logging;

namespace AgentGrid.Kinds.Process;

internal sealed partial class Worker
{
    /// <summary>
    /// What is done about an attempt that was cancelled, step by step, until the process lets go of it: it is told; after
    /// half of the grace it gets SIGTERM, once a second; at the end of it, it is killed.
    /// </summary>
    private sealed class Cancellation
    {
        private static readonly TimeSpan s_again = TimeSpan.FromSeconds(1);

        private readonly Worker _worker;
        private readonly long _id;
        private readonly Lock _gate = new();
        private CancellationTokenRegistration _registration;
        private ITimer? _timer;
        private long _since;
        private Task? _telling;
        private bool _isTerminated;
        private bool _isOver;

        public Cancellation(Worker worker, long id, CancellationToken cancellationToken)
        {
            (_worker, _id) = (worker, id);
            _registration = cancellationToken.UnsafeRegister(static self => ((Cancellation)self!).Begin(), this);
        }

        /// <summary>The attempt is over.</summary>
        public async ValueTask EndAsync()
        {
            _registration.Unregister();
            lock (_gate)
            {
                _isOver = true;
                _timer?.Dispose();
            }
            if (_telling is { } telling)
            {
                await telling.ConfigureAwait(false);
            }
        }

        private TimeProvider Time => _worker._context.Time;

        private TimeSpan Grace => _worker._context.CancelGrace;

        private void Begin()
        {
            lock (_gate)
            {
                if (_isOver)
                {
                    return;
                }
                _since = Time.GetTimestamp();
                _timer = Time.CreateTimer(static self => ((Cancellation)self!).GoOn(), this, Grace / 2, Timeout.InfiniteTimeSpan);
                _telling = TellAsync();
            }
        }

        private async Task TellAsync()
        {
            try
            {
                await _worker.WriteAsync(Requests.Cancel(_id)).ConfigureAwait(false);
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException)
            {
                // It has closed its stdin, or ended: who reads what it writes will see.
            }
        }

        private void GoOn()
        {
            lock (_gate)
            {
                if (_isOver)
                {
                    return;
                }
                var left = Grace - Time.GetElapsedTime(_since);
                if (left <= TimeSpan.Zero && _isTerminated)
                {
                    LogGivenUp(_worker._logger, _worker._agent, _worker.Id, Grace.TotalSeconds);
                    _worker.WasGivenUp = true;
                    _worker.Kill();
                    return;
                }
                // More than once: one that meets the beginning of a long call is heard at its end.
                _worker._child.Terminate();
                // Late as we may be: it has its time between the two.
                var isFirst = !_isTerminated;
                _isTerminated = true;
                _timer!.Change(isFirst || left > s_again ? s_again : left, Timeout.InfiniteTimeSpan);
            }
        }
    }

    [LoggerMessage(1104, LogLevel.Warning,
        "Agent '{Agent}': process {Process} went on for {Seconds} s with a cancelled attempt, and was killed")]
    private static partial void LogGivenUp(ILogger logger, string agent, int process, double seconds);
}
