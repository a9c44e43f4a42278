using System.Diagnostics;
using System.Globalization;

namespace AgentGrid.Cluster.Tests.Processes;

/// <summary>
/// One test's run of things: posts under way all the time, something is done to the cluster, and afterwards every
/// promise must have been kept.
/// </summary>
internal sealed class Disturbance(ClusterProcesses cluster, Load load) : IDisposable
{
    private const int MostShown = 5;

    private static readonly TimeSpan LongestLull = TimeSpan.FromSeconds(5);

    // What was granted before it was known that a node drains is on its way for a moment.
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(5);
    private readonly Standstill _standstill = new();
    private TimeSpan _stoodBefore;
    private DateTimeOffset _from;
    private int _before;
    private string[] _underWay = [];

    /// <summary>When it happened.</summary>
    public DateTimeOffset At { get; private set; } = DateTimeOffset.UtcNow;

    public void Dispose() => _standstill.Dispose();

    /// <summary>
    /// Fails when nothing that was hit went on to its end in time: since it happened, or since what nobody else can do was
    /// there again. Not counted is, twice over, for how long the machine stood still.
    /// </summary>
    public void CheckWentOnWithin(TimeSpan time)
    {
        var took = AffectedEnds().DefaultIfEmpty().Min() - (_from - At);
        var stood = _standstill.Total - _stoodBefore;
        Assert.True(took <= time + (2 * stood), $"It took {took}, not {time}; the machine stood still for {stood}.");
    }

    /// <summary>Fails when it has happened too late; as <see cref="CheckWentOnWithin"/> counts.</summary>
    public void CheckHappenedWithin(TimeSpan time, string what)
    {
        var took = DateTimeOffset.UtcNow - _from;
        var stood = _standstill.Total - _stoodBefore;
        Console.WriteLine($"{what} after {took.TotalSeconds:0.0} s");
        Assert.True(
            took <= time + (2 * stood), $"It took {took} until {what}, not {time}; the machine stood for {stood}.");
    }

    /// <summary>Posts until attempts are under way on every node.</summary>
    public async Task BeginAsync()
    {
        await cluster.RepairAsync();
        _before = cluster.Feed.Count;
        load.Start(atOnce: 30, clients: 3);
        var posted = Stopwatch.StartNew();
        await cluster.EventuallyAsync(
            async () =>
            {
                await CheckAsync();
                if (posted.Elapsed > LongestLull)
                {
                    // Nodes where agents are warm come first, until there is more than they are forgiven for.
                    load.Burst(100);
                    posted.Restart();
                }
                var seen = cluster.Feed.After(_before);
                return ClusterProcesses.Silos.All(n => seen.Any(e => e.Node == n)) && seen.Any(e => e.EndsRun);
            },
            () => Task.FromResult(
                $"of {load.Accepted.Count} runs {cluster.Feed.After(_before).Count(e => e.EndsRun)} have ended, with attempts on " +
                string.Join(", ", cluster.Feed.After(_before).Select(e => e.Node).Distinct())));
    }

    /// <summary>Remembers what was under way when it happened.</summary>
    public void Strike()
    {
        At = _from = DateTimeOffset.UtcNow;
        _stoodBefore = _standstill.Total;
        _underWay = [.. load.Accepted.Values.Select(a => a.Run).Where(r => !cluster.Feed.HasEnded(r))];
    }

    /// <summary>What was hit is there again, and ready.</summary>
    public void Replaced() => _from = DateTimeOffset.UtcNow;

    /// <summary>Waits until all that was under way has ended, and something that was accepted afterwards.</summary>
    public Task GoesOnAsync() => cluster.EventuallyAsync(
        async () =>
        {
            await CheckAsync();
            await cluster.SuperviseAsync();
            return _underWay.All(cluster.Feed.HasEnded)
                && load.Accepted.Values.Any(a => a.At > At && cluster.Feed.HasEnded(a.Run));
        },
        () => Task.FromResult($"not ended: {Missing(_underWay)}\nof {load.Accepted.Count} accepted runs"));

    /// <summary>Ends the posts, and checks every promise.</summary>
    /// <returns>What was measured.</returns>
    public async Task<string> EndAsync()
    {
        await load.EnoughAsync();
        await cluster.RepairAsync();
        var runs = load.Accepted.Values.Select(a => a.Run).ToArray();
        await cluster.EventuallyAsync(
            () => Task.FromResult(runs.All(cluster.Feed.HasEnded)),
            () => Task.FromResult($"not ended: {Missing(runs)}"));
        await cluster.EventuallyAsync(
            async () => await BusyAsync() == "", async () => $"agents are busy: {await BusyAsync()}");
        await cluster.Feed.CheckAsync();
        CheckRuns([.. runs]);
        return Figures();
    }

    /// <summary>
    /// Fails when an attempt was lost with a node, or begun there more than a moment after it was known that it drains.
    /// </summary>
    public void CheckDrained(string node, DateTimeOffset known) => Assert.DoesNotContain(
        SinceStrike(), e => e.Node == node && (e.IsLoss || (e.IsStart && e.Time > known + Moment)));

    // Whoever has seen what must not be sees nothing more, and must not be waited for.
    private async Task CheckAsync()
    {
        await cluster.Feed.CheckAsync();
        await load.CheckAsync();
    }

    private IEnumerable<Seen> SinceStrike() => cluster.Feed.After(_before).Where(e => e.Time > At);

    private string Missing(string[] runs)
    {
        var events = cluster.Feed.After(_before).ToLookup(e => e.Run);
        return string.Join('\n', runs.Where(r => !cluster.Feed.HasEnded(r)).Take(MostShown).Select(
            r => $"{r}:\n  {string.Join("\n  ", events[r].Select(e => e.Json))}"));
    }

    private async Task<string> BusyAsync() => string.Join("; ", (await cluster.GetAsync("api/v1/agents"))
        .GetProperty("agents").EnumerateArray()
        .Where(a => a.GetProperty("load").EnumerateObject().Any(count => count.Value.GetInt32() != 0))
        .Select(a => $"{a.GetProperty("name")} {a.GetProperty("load")}"));

    private void CheckRuns(HashSet<string> runs)
    {
        foreach (var run in cluster.Feed.After(_before).Where(e => runs.Contains(e.Run)).GroupBy(e => e.Run))
        {
            var end = Assert.Single(run, e => e.EndsRun);
            Assert.True(end.Stage == "completed", $"A run failed:\n{string.Join('\n', run.Select(e => e.Json))}");
            Once(run.Where(e => e.EndsAttempt), e => $"{e.Step}/{e.Attempt}");
            Once(run.Where(e => e.EndsStep), e => e.Stage);
        }
    }

    private static void Once(IEnumerable<Seen> events, Func<Seen, string> name)
    {
        var twice = events.GroupBy(name).Where(g => g.Count() > 1).ToArray();
        Assert.True(twice.Length == 0, string.Join('\n', twice.SelectMany(g => g).Select(e => e.Json)));
    }

    private TimeSpan[] AffectedEnds()
    {
        // An attempt was lost with its node, or the run is driven elsewhere from then on.
        var resumed = Resumed().Select(r => r.Match).ToHashSet();
        var affected = SinceStrike().Where(e => e.IsLoss).Select(e => e.Run)
            .Concat(load.Accepted.Where(a => resumed.Contains(a.Key)).Select(a => a.Value.Run))
            .Intersect(_underWay).ToHashSet();
        return [.. SinceStrike().Where(e => e.EndsRun && affected.Contains(e.Run)).Select(e => e.Time - At)];
    }

    private IEnumerable<(DateTimeOffset At, string Match)> Resumed() => cluster.Lines
        .Where(l => l.At > At && l.Text.Contains(" is resumed here", StringComparison.Ordinal))
        .Select(l => (l.At, l.Text.Split('\'')[1].Split('/')[0]));

    private string Figures()
    {
        var ends = AffectedEnds();
        var all = SinceStrike().Where(e => e.EndsRun).Select(e => e.Time).Append(At).Order().ToArray();
        var lost = SinceStrike().Where(e => e.IsLoss).Select(e => e.Time).ToArray();
        var rebuilt = cluster.Lines.FirstOrDefault(
            l => l.At > At && l.Text.Contains(ClusterProcesses.DispatcherIsHere, StringComparison.Ordinal));
        var takenUp = lost.Concat(Resumed().Select(l => l.At)).DefaultIfEmpty(At).Min();
        var silence = all.Zip(all.Skip(1), (a, b) => b - a).DefaultIfEmpty().Max();
        return
            $"{load.Accepted.Count} runs, {_underWay.Length} under way, {ends.Length} affected, {lost.Length} attempts " +
            $"delivered again; s until the first was taken up again {Seconds(takenUp - At)}, until the dispatcher was " +
            $"rebuilt {(rebuilt.Text is null ? "-" : Seconds(rebuilt.At - At))}, until the first affected run ended " +
            $"{Seconds(ends.DefaultIfEmpty().Min())}, the last {Seconds(ends.DefaultIfEmpty().Max())}; longest silence " +
            $"{Seconds(silence)} s, slowest answer {Seconds(load.Slowest)} s, {load.Refused} refused";
    }

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.00", CultureInfo.InvariantCulture);
}
