using System.Globalization;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Tests.Simulation.Disk;
using AgentGrid.Engine.Invocations;
using AgentGrid.Simulation.Clock;

namespace AgentGrid.Embedded.Tests.Simulation;

/// <summary>
/// The embedded engine, whole, in a world that a seed decides: which piece of work comes next, what agents and
/// clients do, when time passes, when the disk fails, and when the process dies and how much of its disk survives.
/// The promises are checked whenever a client is told something, at each restart, and at the end.
/// </summary>
internal sealed partial class EngineSimulation : IDisposable
{
    private const int MostSteps = 30_000;
    private static readonly TimeSpan s_longestLife = TimeSpan.FromHours(2);

    private readonly SimulationSettings _settings;
    private readonly Random _random;
    private readonly DirectoryInfo _folder;
    private readonly SimulatedClock _clock = new();
    private readonly List<string> _history = [];
    private readonly EmbeddedOptions _options;
    private readonly Dictionary<string, int> _slots = new(StringComparer.Ordinal);
    private readonly HashSet<string> _delivered = new(StringComparer.Ordinal);
    private readonly HashSet<string> _returned = new(StringComparer.Ordinal);
    private readonly List<string> _owed = [];

    // How often an attempt ran when its process was ended from outside.
    private readonly Dictionary<string, int> _innocentCrashes = new(StringComparer.Ordinal);
    private readonly HashSet<string> _toldWebhooks = new(StringComparer.Ordinal);
    private string? _poison;
    private bool _crashIsPoison;
    private readonly SimulatedArtifacts _artifacts;
    private SimulatedProcess _process = null!;
    private string? _broken;
    private int _queueSlots;
    private int _steps;
    private int _starts;
    private bool _healed;
    private bool _diskWasBad;

    public EngineSimulation(SimulationSettings settings, DirectoryInfo folder)
    {
        _settings = settings;
        _random = new Random(settings.Seed);
        _artifacts = new SimulatedArtifacts(settings, _clock);
        _folder = folder;
        _options = new EmbeddedOptions
        {
            Config = Path.Combine(_folder.FullName, "config"),
            MaxOutputBytes = SimulatedAgents.MaxOutputBytes,
            FeedBuffer = _random.Next(4) == 0 ? _random.Next(1, 40) : 1_000,
            Synchronous = settings.Breakage == Breakage.DoesNotSync ? JournalSync.Normal : JournalSync.Full,
        };
        if (settings.Poison)
        {
            _options.MaxLosses = _random.Next(Isolation.MostInCompany, 7);
        }
        if (settings.SmallLimits)
        {
            _options.MaxActiveRuns = _random.Next(1, 4);
            _options.MaxQueuedRuns = _random.Next(4);
        }
        if (settings.ShortRetention)
        {
            _options.Retention = TimeSpan.FromSeconds(_random.Next(1, 10));
        }
        MakeConfig();
        MakeRequests();
    }

    public SimulationCounts Counts { get; } = new();

    public IReadOnlyList<string> History => _history;

    /// <exception cref="SimulationFailure">A promise was broken.</exception>
    public void Run()
    {
        SimulatedMistakes.Happens = _settings.Mistakes ? MakeMistake : null;
        Boot(new SimulatedDisk(_random) { Lying = _settings.Breakage == Breakage.DiskLies });
        for (var action = 0; action < _settings.Actions; action++)
        {
            Act();
            Look();
        }
        Settle();
        CheckQuiet();
        CheckJournal();
        StopAndCheck();
        Boot(_process.Disk.Restart(powerFailed: true));
        CheckJournal();
    }

    public void Dispose()
    {
        SimulatedMistakes.Happens = null;
        _process?.Kill();
        for (var i = 1; i <= _starts; i++)
        {
            SimulatedVfs.Unmount(DataFolder(i));
        }
    }

    private bool MakeMistake()
    {
        if (_healed || _random.Next(8) != 0)
        {
            return false;
        }
        Counts.Mistakes++;
        Note("the engine makes a mistake");
        return true;
    }

    private string DataFolder(int start) => Path.Combine(_folder.FullName, $"data{start}");

    private void Act()
    {
        var dice = _random.Next(1_000);
        if (dice < 350)
        {
            DoWork();
        }
        else if (dice < 500)
        {
            WriteOnce();
        }
        else if (dice < 620)
        {
            _ = _process.Agents.ActOne();
        }
        else if (dice < 740)
        {
            PassTime();
        }
        else if (dice < 960)
        {
            ActAsClient();
        }
        else
        {
            Harm();
        }
    }

    private void Harm()
    {
        switch (_random.Next(8))
        {
            case 0 when _settings.Kills: Crash(powerFailed: false); break;
            case 1 when _settings.PowerFailures: Crash(powerFailed: true); break;
            case 2 or 3 when _settings.Kills || _settings.PowerFailures:
                _process.Disk.DiesAt ??= _process.Disk.Operations + _random.Next(1, 30);
                break;
            case 4 or 5 when _settings.DiskErrors: ChangeDisk(); break;
            case 6 when _settings.ClockJumps && _random.Next(3) == 0:
                _clock.Jump += TimeSpan.FromSeconds(_random.Next(-300, 300));
                Note($"the wall clock jumps to {_clock.WallTime:HH:mm:ss}");
                break;
            case 7 when _settings.Stops && _random.Next(3) == 0: Stop(); break;
            default: break; // not in this world
        }
    }

    private void ChangeDisk()
    {
        var disk = _process.Disk;
        if (disk.Failing || disk.Full)
        {
            (disk.Failing, disk.Full) = (false, false);
        }
        else
        {
            _diskWasBad = true;
            (disk.Failing, disk.Full) = _random.Next(2) == 0 ? (true, false) : (false, true);
            Counts.DiskErrors++;
        }
        Note($"the disk is {(disk.Failing ? "failing" : disk.Full ? "full" : "well")}");
    }

    private void DoWork()
    {
        if (_process.Platform.Ready > 0)
        {
            _process.Platform.RunOne();
        }
    }

    private bool WriteOnce()
    {
        if (!_process.HasWrites)
        {
            return false;
        }
        var head = _process.Engine.Feed.Head;
        var written = _process.Engine.Journal.WriteOnce();
        if (!written)
        {
            Note("a commit fails");
        }
        else if (_process.Engine.Feed.Head > head)
        {
            Note($"events up to {_process.Engine.Feed.Head} are committed");
        }
        return written;
    }

    private void PassTime()
    {
        if (_process.Time.FireOne())
        {
            return;
        }
        var next = Earlier(_process.Time.NextDue, _process.Agents.NextDue);
        var step = TimeSpan.FromMilliseconds(_random.Next(_random.Next(3) == 0 ? 3_000 : 100));
        _clock.MoveTo(next is { } due && _random.Next(2) == 0 && due < _clock.Now + TimeSpan.FromMinutes(1)
            ? due
            : _clock.Now + step);
    }

    private static TimeSpan? Earlier(TimeSpan? a, TimeSpan? b) => a is null ? b : b is null || a < b ? a : b;

    /// <summary>After each step: the crash that it may have led to, what clients were told, and the slots.</summary>
    private void Look()
    {
        _steps++;
        if (_process.Disk.IsDead)
        {
            Crash(_settings.PowerFailures && (!_settings.Kills || _random.Next(2) == 0));
            return;
        }
        if (_process.Agents.HasEndedTheProcess)
        {
            CrashOfPoison();
            return;
        }
        LookAtAgents();
        LookAtClients();
        if (_process.Grid.IsRunning)
        {
            CheckGroups();
        }
        Check(_process.Log.Mistake is null, _process.Log.Mistake!);
        Check(_broken is null, _broken!);
        if (_process.Stopping is { IsCompleted: true } stopped)
        {
            Check(!stopped.IsFaulted, $"the shutdown failed: {stopped.Exception?.InnerException}");
            OnStopped();
        }
    }

    private void LookAtAgents()
    {
        foreach (var cancelled in _process.Agents.LookAtTokens())
        {
            Note($"{cancelled.IdempotencyKey} is cancelled");
            if (_settings.Breakage == Breakage.ForgetsSlotsOnAbandon)
            {
                _owed.Add(cancelled.Agent);
            }
        }
        if (!_process.Grid.IsRunning)
        {
            return;
        }
        _owed.RemoveAll(agent => _process.Engine.Slots.TryTake(agent) is not null);
        if (_settings.Breakage == Breakage.KeepsNobodyApart)
        {
            foreach (var one in _process.Agents.Running)
            {
                _process.Engine.Slots.Clear(((Invocation)one.Progress).Slot!);
            }
        }
        if (_settings.Breakage == Breakage.FreesSlotsEarly && _random.Next(40) == 0
            && _process.Agents.Running.FirstOrDefault() is { } running)
        {
            _process.Engine.Slots.Release(((Invocation)running.Progress).Slot!);
        }
    }

    private void Note(string what) =>
        _history.Add(string.Create(CultureInfo.InvariantCulture, $"{_clock.Now.TotalSeconds,9:0.000}  {what}"));

    private void Check(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new SimulationFailure(otherwise);
        }
    }

    // Promise 5, as agents see it: never more of them at once than there are slots.
    private void OnInvoked(AgentInvocation invocation)
    {
        Counts.Invocations++;
        Note($"{invocation.Agent} is asked for {Short(invocation.IdempotencyKey)}");
        var agents = _process.Agents;
        if (agents.Holding(a => a == invocation.Agent) >= _slots[invocation.Agent] || agents.Holding(_ => true) >= _queueSlots)
        {
            _broken ??= $"{invocation.Agent} was asked for {invocation.IdempotencyKey}, and had no free slot";
        }
        _broken ??= agents.TokensOverLimit() is { } over ? $"{invocation.Agent} is asked for {invocation.IdempotencyKey}: {over}" : null;
        // A turn that broke is forgotten, and with it whom it had asked.
        if (!_delivered.Add(invocation.IdempotencyKey) && !_settings.Mistakes)
        {
            _broken ??= $"{invocation.IdempotencyKey} was delivered twice within one process";
        }
        if (_returned.Contains(invocation.IdempotencyKey) && !_settings.Mistakes)
        {
            _broken ??= $"{invocation.IdempotencyKey} was delivered again, though it had returned and nothing has crashed";
        }
    }

    private void OnReturned(AgentInvocation invocation, string how)
    {
        Note($"{invocation.Agent} {how}: {Short(invocation.IdempotencyKey)}");
        _returned.Add(invocation.IdempotencyKey);
    }

    private static string Short(string text) => text.Length > 32 ? text[24..] : text;
}

/// <summary>What happened in simulations, to see that they were not too tame.</summary>
internal sealed class SimulationCounts
{
    public int Kills { get; set; }
    public int PowerFailures { get; set; }
    public int Stops { get; set; }
    public int DiskErrors { get; set; }
    public int Mistakes { get; set; }
    public int Poisonings { get; set; }
    public int Invocations { get; set; }
    public int Events { get; set; }
    public int Swept { get; set; }
    public int Deliveries { get; set; }
    public SortedDictionary<string, int> Outcomes { get; } = new(StringComparer.Ordinal);

    public void Count(string outcome) => Outcomes[outcome] = Outcomes.GetValueOrDefault(outcome) + 1;

    public void Add(SimulationCounts other)
    {
        Kills += other.Kills;
        PowerFailures += other.PowerFailures;
        Stops += other.Stops;
        DiskErrors += other.DiskErrors;
        Mistakes += other.Mistakes;
        Poisonings += other.Poisonings;
        Invocations += other.Invocations;
        Events += other.Events;
        Swept += other.Swept;
        Deliveries += other.Deliveries;
        foreach (var (outcome, count) in other.Outcomes)
        {
            Outcomes[outcome] = Outcomes.GetValueOrDefault(outcome) + count;
        }
    }

    public override string ToString() =>
        $"{Kills} kills, {PowerFailures} power failures, {Stops} shutdowns, {DiskErrors} times a bad disk, " +
        $"{Mistakes} mistakes, {Poisonings} times an attempt ended its process, " +
        $"{Invocations} invocations, {Events} events, {Swept} runs swept; {string.Join(", ", Outcomes)}";
}
