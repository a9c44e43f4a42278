using System.Globalization;
using System.Text.Json;
using AgentGrid.ClientApi.Tests.Processes;

namespace AgentGrid.Cluster.Tests.Processes;

/// <summary>
/// One test's run of things: posts under way all the time, something is done to the cluster, and afterwards every promise
/// must have been kept.
/// </summary>
internal sealed class Disturbance(ClusterProcesses cluster, Load load)
{
    private const int MostShown = 5;
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);
    private DateTimeOffset _at = DateTimeOffset.UtcNow;
    private HashSet<string> _underWay = [];

    public DateTimeOffset At => _at;

    /// <summary>Posts until attempts are under way on every node.</summary>
    public async Task BeginAsync()
    {
        await cluster.RepairAsync();
        var before = cluster.Feed.Events.Count;
        load.Start(atOnce: 30, clients: 3);
        await cluster.Feed.SeenAsync(
            seen => ClusterProcesses.Silos.All(node => seen.Skip(before).Any(e => NodeOf(e) == node))
                && seen.Skip(before).Any(FeedClient.EndsRun),
            () => $"attempts on every node and the end of a run");
    }

    /// <summary>Remembers what was under way when it happened.</summary>
    public void Strike()
    {
        _at = DateTimeOffset.UtcNow;
        var events = cluster.Feed.Events;
        var ended = events.Where(FeedClient.EndsRun).Select(FeedClient.RunOf).ToHashSet();
        _underWay = [.. load.Accepted.Values.Select(a => a.Run).Where(r => !ended.Contains(r))];
    }

    /// <summary>Waits until everything that was under way has ended, and something that was accepted afterwards.</summary>
    public async Task GoesOnAsync()
    {
        await cluster.Feed.SeenAsync(
            seen =>
            {
                var ended = seen.Where(FeedClient.EndsRun).Select(FeedClient.RunOf).ToHashSet();
                return _underWay.IsSubsetOf(ended)
                    && load.Accepted.Values.Any(a => a.At > _at && ended.Contains(a.Run));
            },
            () => $"the end of {Missing(_underWay)}, and of one accepted after {_at:HH:mm:ss.fff}");
    }

    /// <summary>Ends the posts, and checks every promise.</summary>
    public async Task<string> EndAsync()
    {
        await load.EnoughAsync();
        await cluster.RepairAsync();
        var runs = load.Accepted.Values.Select(a => a.Run).ToHashSet();
        await cluster.Feed.SeenAsync(
            seen => runs.IsSubsetOf(seen.Where(FeedClient.EndsRun).Select(FeedClient.RunOf)),
            () => $"the end of {Missing(runs)}");
        await cluster.EventuallyAsync(
            async () => await BusyAsync() == "", async () => $"agents are still busy: {await BusyAsync()}");
        await cluster.CheckFeedAsync();
        CheckRuns(runs);
        return Figures();
    }

    /// <summary>Fails when an attempt was delivered again since the strike.</summary>
    public void CheckNothingLost() => Assert.DoesNotContain(
        cluster.Feed.Events, e => TimeOf(e) > _at && FeedClient.StageOf(e).EndsWith(":lost", StringComparison.Ordinal));

    /// <summary>Fails when an attempt was begun on a node more than a moment after the strike.</summary>
    public void CheckNoStartsOn(string node) => Assert.DoesNotContain(
        cluster.Feed.Events, e => TimeOf(e) > _at + Moment && NodeOf(e) == node
            && FeedClient.StageOf(e).EndsWith(":start", StringComparison.Ordinal));

    private string Missing(HashSet<string> runs)
    {
        var events = cluster.Feed.Events;
        var ended = events.Where(FeedClient.EndsRun).Select(FeedClient.RunOf).ToHashSet();
        return string.Join('\n', runs.Where(r => !ended.Contains(r)).Take(MostShown).Select(
            r => $"{r}:\n  {string.Join("\n  ", events.Where(e => FeedClient.RunOf(e) == r))}"));
    }

    private async Task<string> BusyAsync() => string.Join("; ", (await cluster.GetAsync("api/v1/agents"))
        .GetProperty("agents").EnumerateArray()
        .Where(a => a.GetProperty("load").EnumerateObject().Any(count => count.Value.GetInt32() != 0))
        .Select(a => $"{a.GetProperty("name")} {a.GetProperty("load")}"));

    private void CheckRuns(HashSet<string> runs)
    {
        foreach (var run in cluster.Feed.Events.GroupBy(FeedClient.RunOf).Where(r => runs.Contains(r.Key)))
        {
            var end = Assert.Single(run, FeedClient.EndsRun);
            Assert.True(FeedClient.StageOf(end) == "completed", $"A run failed:\n{string.Join('\n', run)}");
            Once(run, e => FeedClient.StageOf(e).Split(':')[^1] is "succeeded" or "error" or "timeout" or "cancelled"
                && e.TryGetProperty("attempt", out var _), e => $"{e.GetProperty("step")}/{e.GetProperty("attempt")}");
            Once(run, e => FeedClient.StageOf(e).EndsWith(":done", StringComparison.Ordinal), FeedClient.StageOf);
        }
    }

    private static void Once(IEnumerable<JsonElement> run, Func<JsonElement, bool> which, Func<JsonElement, string> name)
    {
        var twice = run.Where(which).GroupBy(name).Where(g => g.Count() > 1).ToArray();
        Assert.True(twice.Length == 0, string.Join('\n', twice.SelectMany(g => g)));
    }

    /// <summary>How long it took from the strike until something that it had hit went on to its end.</summary>
    public TimeSpan FirstAffectedEnd => AffectedEnds().DefaultIfEmpty(TimeSpan.Zero).Min();

    private List<TimeSpan> AffectedEnds()
    {
        var events = cluster.Feed.Events;
        var affected = Affected();
        return [.. events.Where(e => FeedClient.EndsRun(e) && affected.Contains(FeedClient.RunOf(e))).Select(e => TimeOf(e) - _at)];
    }

    private TimeSpan TakenUpAfter() => cluster.Feed.Events
        .Where(e => TimeOf(e) > _at && FeedClient.StageOf(e).EndsWith(":lost", StringComparison.Ordinal)).Select(TimeOf)
        .Concat(Resumed().Select(l => l.At)).Select(t => t - _at).DefaultIfEmpty().Min();

    private IEnumerable<(DateTimeOffset At, string Match)> Resumed() => cluster.Lines
        .Where(l => l.At > _at && l.Text.Contains(" is resumed here", StringComparison.Ordinal))
        .Select(l => (l.At, l.Text.Split('\'')[1].Split('/')[0]));

    // An attempt was lost with its node, or the run is driven elsewhere from then on.
    private HashSet<string> Affected()
    {
        var events = cluster.Feed.Events;
        var resumed = Resumed().Select(r => r.Match).ToHashSet();
        return
        [
            .. events.Where(e => TimeOf(e) > _at && FeedClient.StageOf(e).EndsWith(":lost", StringComparison.Ordinal))
                .Select(FeedClient.RunOf).Where(_underWay.Contains),
            .. load.Accepted.Where(a => resumed.Contains(a.Key)).Select(a => a.Value.Run).Where(_underWay.Contains),
        ];
    }

    private string Figures()
    {
        var ends = AffectedEnds();
        var next = cluster.Feed.Events.Where(e => FeedClient.EndsRun(e) && TimeOf(e) > _at)
            .Select(TimeOf).Append(_at).ToArray();
        var gap = next.Order().Zip(next.Order().Skip(1), (a, b) => b - a).DefaultIfEmpty().Max();
        var lost = cluster.Feed.Events.Count(
            e => TimeOf(e) > _at && FeedClient.StageOf(e).EndsWith(":lost", StringComparison.Ordinal));
        var rebuilt = cluster.Lines.Where(l => l.At > _at && l.Text.Contains(ClusterProcesses.DispatcherIsHere, StringComparison.Ordinal))
            .Select(l => $"{(l.At - _at).TotalSeconds.ToString("0.00", CultureInfo.InvariantCulture)} s");
        return string.Create(CultureInfo.InvariantCulture,
            $"{load.Accepted.Count} runs, {_underWay.Count} under way, {ends.Count} affected, {lost} attempts delivered again; " +
            $"dispatcher rebuilt after {string.Join(", ", rebuilt)}; first taken up again after {TakenUpAfter().TotalSeconds:0.00} s, first end after {FirstAffectedEnd.TotalSeconds:0.00} s, " +
            $"last after {ends.DefaultIfEmpty().Max().TotalSeconds:0.00} s; longest silence {gap.TotalSeconds:0.00} s; " +
            $"slowest answer {load.Slowest.TotalSeconds:0.00} s, {load.Refused} refused");
    }

    private static DateTimeOffset TimeOf(JsonElement e) => e.GetProperty("time").GetDateTimeOffset();

    private static string? NodeOf(JsonElement e) =>
        e.TryGetProperty("meta", out var meta) && meta.TryGetProperty("node", out var node) ? node.GetString() : null;
}
