namespace AgentGrid.Engine.Slots;

/// <summary>What the attempts of one step were within the last window: its backups, and the others.</summary>
internal sealed class HedgeUse(SlotClock clock, TimeSpan window)
{
    /// <summary>In how many parts the window moves on.</summary>
    public const int Parts = 10;

    private readonly long _length = window.Ticks / Parts;
    private readonly Share[] _parts = new Share[Parts];
    private readonly HashSet<GpuTime> _running = [];
    private long _part;

    public int Others => _parts.Sum(static p => p.Others);

    public int Backups => _parts.Sum(static p => p.Backups);

    /// <summary>GPU-seconds of attempts that are no backups, also of those that run.</summary>
    public double OtherGpuSeconds => _parts.Sum(static p => p.OtherGpuSeconds) + RunningSeconds(areBackups: false, atLeast: 0);

    /// <summary>Those of backups; one that runs counts as one that has ended, at least.</summary>
    public double BackupGpuSeconds => _parts.Sum(static p => p.BackupGpuSeconds) + RunningSeconds(areBackups: true, TypicalGpuSeconds);

    /// <summary>What an attempt that has ended took, on average; 0 while none has.</summary>
    public double TypicalGpuSeconds =>
        _parts.Sum(static p => p.Ended) is > 0 and var ended ? _parts.Sum(static p => p.OtherGpuSeconds + p.BackupGpuSeconds) / ended : 0;

    /// <summary>When it was last of use, in ticks of the clock.</summary>
    public long LastUsed => _part * _length;

    /// <summary>Nothing of it counts any more.</summary>
    public bool IsOver => _running.Count == 0 && clock.Now / _length - _part >= Parts;

    /// <summary>What is older than the window counts no longer.</summary>
    public void MoveOn()
    {
        var part = clock.Now / _length;
        for (var passed = Math.Min(part - _part, Parts); passed > 0; passed--)
        {
            _parts[(part - passed + 1) % Parts] = default;
        }
        _part = Math.Max(_part, part);
    }

    public void Add(bool isBackup)
    {
        ref var now = ref _parts[_part % Parts];
        (now.Others, now.Backups) = (now.Others + (isBackup ? 0 : 1), now.Backups + (isBackup ? 1 : 0));
    }

    /// <summary>An attempt has a GPU from now on.</summary>
    public GpuTime Begin(bool isBackup)
    {
        var time = new GpuTime(isBackup, clock.Now, End);
        _running.Add(time);
        return time;
    }

    private void End(GpuTime time)
    {
        MoveOn();
        _running.Remove(time);
        ref var now = ref _parts[_part % Parts];
        var seconds = time.SecondsAt(clock.Now);
        now.Ended++;
        now.OtherGpuSeconds += time.IsBackup ? 0 : seconds;
        now.BackupGpuSeconds += time.IsBackup ? seconds : 0;
    }

    private double RunningSeconds(bool areBackups, double atLeast)
    {
        var (sum, now) = (0d, clock.Now);
        foreach (var time in _running)
        {
            sum += time.IsBackup == areBackups ? Math.Max(atLeast, time.SecondsAt(now)) : 0;
        }
        return sum;
    }

    private record struct Share
    {
        public int Others;
        public int Backups;
        public int Ended;
        public double OtherGpuSeconds;
        public double BackupGpuSeconds;
    }
}
