using System.Diagnostics;
using System.Globalization;
using AgentGrid.Cluster.Tests.Histories;
using AgentGrid.Cluster.Tests.Processes;

namespace AgentGrid.Cluster.Tests.Partitions;

/// <summary>One seed: clients and readers all the time, faults, and afterwards a history that is checked.</summary>
internal sealed class Schedule(PartitionedCluster cluster, IReadOnlyList<FeedReader> readers, int seed) : IDisposable
{
    private const int Clients = 3;
    private static readonly TimeSpan Before = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan After = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);
    private static readonly string[] s_steps = ["a", "g", "z", "wait"];

    private readonly DateTimeOffset _began = DateTimeOffset.UtcNow;
    private readonly int[] _read = [.. readers.Select(r => r.Count)];
    private readonly Dictionary<int, long> _lost = [];
    private readonly List<string> _ended = [];
    private readonly List<(long From, long To)> _excused = [];
    private readonly Traffic _traffic = new(
        cluster[PartitionedCluster.Api].Url, $"p{seed.ToString(CultureInfo.InvariantCulture)}", seed);
    public IReadOnlyList<Fault> Faults { get; } = Fault.Of(seed);

    /// <summary>What was measured: a line.</summary>
    public string Figures { get; private set; } = "";

    /// <summary>Another Redis takes writes than before: what it had not copied is lost, and numbers of events are given again.</summary>
    public bool WasPromoted { get; private set; }

    /// <summary>
    /// What was lost by a promotion, which asynchronous replication allows: what a primary took that was cut off from its replicas and
    /// not from all others.
    /// </summary>
    public IReadOnlyList<Violation> Allowed { get; private set; } = [];

    private bool MayLose =>
        WasPromoted && PartitionedCluster.Copies == "0" && Faults.Any(static f => f.Kind == FaultKind.PrimaryWithOneSilo);

    public void Dispose() => _traffic.Dispose();

    /// <summary>Plays it, and says what was not kept.</summary>
    public async Task<IReadOnlyList<Violation>> PlayAsync()
    {
        var clock = Stopwatch.StartNew();
        await cluster.WholeAsync();
        var primary = await cluster.PrimaryAsync();
        _traffic.Start(Clients);
        await Task.Delay(Before);
        foreach (var fault in Faults)
        {
            await StrikeAsync(fault);
            await SuperviseForAsync(After, Stopwatch.GetTimestamp());
        }
        await cluster.OnePrimaryAsync();
        await _traffic.EnoughAsync();
        await cluster.WholeAsync();
        WasPromoted = primary != await cluster.PrimaryAsync();
        await EndedAsync();
        var history = await HistoryAsync();
        Figures = Describe(history, clock.Elapsed);
        var violations = Checker.Check(history);
        violations = [.. violations, .. _traffic.Wrong.Select(w => new Violation("answers", w))];
        Allowed = MayLose ? violations : [];
        return MayLose ? [] : violations;
    }

    private async Task StrikeAsync(Fault fault)
    {
        var struck = Stopwatch.GetTimestamp();
        var dispatcher = cluster.Dispatcher();
        await fault.StrikeAsync(cluster);
        await SuperviseForAsync(fault.Lasts, struck);
        cluster.Network.Heal();
        await SuperviseForAsync(After, struck);
        if (_ended.Contains(dispatcher) || cluster.Dispatcher() != dispatcher)
        {
            _excused.Add((struck, History.Never));
        }
    }

    private async Task SuperviseForAsync(TimeSpan time, long struck)
    {
        var clock = Stopwatch.StartNew();
        do
        {
            await Task.Delay(Look);
            await SuperviseAsync(struck);
        }
        while (clock.Elapsed < time);
    }

    private async Task SuperviseAsync(long struck)
    {
        _ended.AddRange(await cluster.SuperviseAsync());
        foreach (var process in cluster.Gone.Keys.Except(_lost.Keys).ToArray())
        {
            _lost[process] = struck;
        }
    }

    // Until each run has ended, and each reader was shown it; but for those that a promotion has lost.
    private async Task EndedAsync()
    {
        string[] open = [.. _traffic.Accepted.Values];
        var there = new List<string>();
        try
        {
            await Limits.UntilAsync(
                async () =>
                {
                    await SuperviseAsync(Stopwatch.GetTimestamp());
                    await Task.Delay(Look);
                    var status = await Task.WhenAll(open.Select(_traffic.StatusAsync));
                    there.AddRange(open.Where((_, i) => status[i] is "completed" or "failed" or "cancelled"));
                    open = [.. open.Where((_, i) => status[i] is "queued" or "running")];
                    return open.Length == 0;
                },
                () => $"{open.Length} runs have not ended");
            await Limits.UntilAsync(
                () => readers.All(r => there.All(r.HasEnded)), () => "a reader was not shown all ends");
        }
        catch (TimeoutException)
        {
            // The checker says which.
        }
    }

    private async Task<History> HistoryAsync()
    {
        var runs = _traffic.Accepted.Values.ToHashSet();
        var ends = (await Task.WhenAll(runs.Select(async run => (Run: run, Status: await _traffic.StatusAsync(run)))))
            .ToDictionary(static e => e.Run, static e => e.Status);
        var outputs = await Task.WhenAll(
            from run in runs where ends[run] == "completed" from step in s_steps select OutputAsync(run, step));
        return new History
        {
            Posts = [.. _traffic.Posts],
            Commands = [.. _traffic.Commands],
            Invocations = [.. Recorded.Read(cluster.Records, cluster.Gone).Where(i => runs.Contains(i.Run))],
            Feeds = [.. readers.Select((r, i) => r.After(_read[i]))],
            Outputs = [.. outputs.OfType<Output>()],
            Ends = ends,
            LostFrom = _lost,
            Excused = _excused,
            Limits = new CheckedLimits(
                PartitionedCluster.PerGpu, new Dictionary<string, int> { ["recorded"] = PartitionedCluster.Total },
                new Dictionary<string, int> { ["recorded"] = PartitionedCluster.PerNode },
                PartitionedCluster.Seconds),
        };
    }

    private async Task<Output?> OutputAsync(string run, string step) =>
        await _traffic.OutputAsync(run, step) is { } token ? new Output(run, step, token) : null;

    private string Describe(History history, TimeSpan took) => string.Create(
        CultureInfo.InvariantCulture,
        $"seed {seed}: {string.Join(", ", Faults)}; {took.TotalSeconds:0} s, {history.Ends.Count} runs " +
        $"({history.Ends.Values.Count(e => e == "completed")} completed, {history.Ends.Values.Count(e => e == "cancelled")} " +
        $"cancelled), {history.Commands.Count} commands, {history.Commands.Count(c => c.Answer == CommandAnswer.Unknown)} " +
        $"unanswered, {_traffic.Refused} posts refused, {history.Invocations.Count} deliveries, {Again(history)} of them again, at most " +
        $"{LimitsChecker.Most(history.Invocations.Where(i => i.Agent == "recorded"))} of {PartitionedCluster.Total} at once, " +
        $"{history.Feeds[0].Count} events, ended: {string.Join(" ", _ended)}" +
        $"{(WasPromoted ? $"; the replica was promoted, {history.Ends.Values.Count(e => e is null)} runs lost" : "")}");

    private static int Again(History history) =>
        history.Invocations.GroupBy(i => (i.Run, i.Step, i.Attempt)).Sum(g => g.Count() - 1);

    /// <summary>What all processes have written since it began.</summary>
    public string Output() => cluster.OutputSince(_began);
}
