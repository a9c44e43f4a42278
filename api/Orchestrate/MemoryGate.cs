using AgentGrid.Core.Grid;

namespace AgentGrid.Api.Orchestrate;

/// <summary>
/// Lets posts in while the process has the memory for them. What it has is measured, and not added up: results, feeds
/// and runs that were resumed need it as well as what is posted.
/// </summary>
/// <param name="used">How many bytes are in use now, garbage included.</param>
/// <param name="collect">Makes used tell without garbage.</param>
/// <param name="available">How many bytes the process may have.</param>
internal sealed class MemoryGate(Func<long> used, Action collect, long available, TimeProvider time)
{
    // A run has its input as it was posted, as it is kept, as it is written and as an agent is given it.
    private const int TimesInput = 10;

    // The rest is for what runs that were let in will need.
    private const double Share = 0.6;
    private static readonly TimeSpan CollectPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Lately = TimeSpan.FromSeconds(10);

    private readonly long _most = (long)(available * Share);
    private readonly Lock _gate = new();
    private long _entering;
    private long? _collected;
    private long? _refused;

    /// <summary>What is answered where there is no room, and when to ask again.</summary>
    public static SubmitResult.Overloaded Refusal { get; } = new(
        TimeSpan.FromSeconds(5),
        "The server has no memory to spare just now: runs hold too much of it. Post it again later.");

    public static MemoryGate OfProcess(TimeProvider time) => new(
        () => GC.GetTotalMemory(forceFullCollection: false), GC.Collect,
        GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, time);

    /// <summary>What an operator is told; null while there is memory.</summary>
    public string? Problem
    {
        get
        {
            lock (_gate)
            {
                return Fits(0, 0) && !(_refused is { } at && time.GetElapsedTime(at) < Lately)
                    ? null
                    : $"Memory is short: over {_most >> 20} of {available >> 20} MiB are in use, or would be; so posts " +
                      "are refused. Give the process more, or lower MaxActiveRuns, MaxQueuedRuns or MaxBodyBytes.";
            }
        }
    }

    /// <summary>Room for one post, which is given back when it is disposed of.</summary>
    public Room Enter() => new(this);

    private bool TryTake(long mine, long more)
    {
        lock (_gate)
        {
            if (Fits(mine, more) || (Collect() && Fits(mine, more)))
            {
                _entering += more;
                return true;
            }
            _refused = time.GetTimestamp();
            return false;
        }
    }

    // One alone may try even when it seems too large; else there would be bodies that are never taken.
    private bool Fits(long mine, long more) => used() is var now
        && (now + _entering + more <= _most || (_entering == mine && now <= _most / 2));

    private bool Collect()
    {
        if (_collected is { } at && time.GetElapsedTime(at) < CollectPause)
        {
            return false;
        }
        collect();
        _collected = time.GetTimestamp();
        return true;
    }

    private void Leave(long bytes)
    {
        lock (_gate)
        {
            _entering -= bytes;
        }
    }

    internal sealed class Room(MemoryGate gate) : IDisposable
    {
        private long _taken;

        /// <summary>Takes room for a body that is being read; false when there is none.</summary>
        public bool TryRead(long bytes) => TryTake(bytes);

        /// <summary>Takes room for the run that a body becomes; false when there is none.</summary>
        public bool TryRun(long bytes) => TryTake(bytes * TimesInput);

        public void Dispose()
        {
            gate.Leave(_taken);
            _taken = 0;
        }

        private bool TryTake(long bytes)
        {
            if (!gate.TryTake(_taken, bytes))
            {
                return false;
            }
            _taken += bytes;
            return true;
        }
    }
}
