using System.Diagnostics;
using System.Runtime.InteropServices;

namespace AgentGrid.Bench.Server;

/// <summary>
/// Waits that end within a tenth of a millisecond of their time. .NET's timers follow a clock that moves in steps of
/// 4 ms on usual Linux kernels, which would be all that is seen of tasks of 10 ms.
/// </summary>
internal sealed partial class PreciseWait
{
    private static readonly TimeSpan Fine = TimeSpan.FromMilliseconds(2);

    private readonly object _gate = new(); // for Monitor.Wait, which a Lock does not have
    private readonly PriorityQueue<TaskCompletionSource, long> _waiting = new();

    public PreciseWait() =>
        new Thread(Loop) { IsBackground = true, Name = "precise-wait", Priority = ThreadPriority.Highest }.Start();

    public Task WaitAsync(TimeSpan time)
    {
        var due = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency);
        var wait = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _waiting.Enqueue(wait, due);
            Monitor.Pulse(_gate);
        }
        return wait.Task;
    }

    private void Loop()
    {
        while (true)
        {
            TaskCompletionSource? ended = null;
            var nap = TimeSpan.Zero;
            lock (_gate)
            {
                if (!_waiting.TryPeek(out var next, out var due))
                {
                    Monitor.Wait(_gate);
                }
                else if (Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due) is var left && left <= TimeSpan.Zero)
                {
                    ended = next;
                    _waiting.Dequeue();
                }
                else if (left > Fine)
                {
                    Monitor.Wait(_gate, left - Fine / 2);
                }
                else
                {
                    nap = left;
                }
            }
            ended?.SetResult();
            if (nap > TimeSpan.Zero)
            {
                var time = new TimeSpec { Nanoseconds = (long)nap.TotalNanoseconds };
                _ = Sleep(in time, IntPtr.Zero);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "nanosleep")]
    private static partial int Sleep(in TimeSpec time, IntPtr remaining);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
