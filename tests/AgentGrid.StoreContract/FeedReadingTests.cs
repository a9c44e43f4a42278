using System.Text;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Runs;

namespace AgentGrid.StoreContract;

/// <summary>Pages of events.</summary>
public abstract class FeedReadingTests<THost> : StoreTests<THost>
    where THost : IStoreHost, new()
{
    [Fact]
    public async Task ReadEventsAsync_AnyFilterFromAnywhere_EqualsANaiveReading()
    {
        var runs = await MakeRunsAsync();
        var turns = runs.SelectMany(r => r.Kept.Select(t => (Run: r, t.Last, t.Events))).OrderBy(t => t.Last).ToArray();
        var last = (int)turns[^1].Last;
        var random = new Random(7);
        for (var i = 0; i < 400; i++)
        {
            var query = new FeedQuery(
                MatchId: random.Next(3) == 0 ? $"m{random.Next(4)}" : null,
                Stage: random.Next(3) switch { 0 => "*:done", 1 => "orchestration:*", _ => null },
                RunId: random.Next(3) == 0 ? runs[random.Next(runs.Length)].Id : null);
            var (after, limit) = (random.Next(-1, last + 2), random.Next(6) == 0 ? last + 10 : random.Next(1, 20));

            var page = await Store.ReadEventsAsync(query, after, limit);

            Assert.True(Text(Naive(turns, query, after, limit)) == Text(page), $"""
                {query} after {after}, {limit} at most:
                expected {Text(Naive(turns, query, after, limit))}
                actual   {Text(page)}
                """);
        }
    }

    [Fact]
    public async Task ReadEventsAsync_PageByPage_GivesEveryEventOnce()
    {
        var runs = await MakeRunsAsync();
        foreach (var query in new[]
        {
            new FeedQuery(), new FeedQuery(MatchId: "m1"), new FeedQuery(RunId: runs[3].Id),
            new FeedQuery(Stage: "*:start"),
        })
        {
            var events = new List<FeedEvent>();
            FeedPage page;
            var after = 0L;
            do
            {
                page = await Store.ReadEventsAsync(query, after, 7);
                events.AddRange(page.Events);
                after = page.Next;
            }
            while (!page.AtEnd);
            var all = await Store.ReadEventsAsync(query, 0, 100_000);
            Assert.Equal(all.Events.Select(e => e.Seq), events.Select(e => e.Seq));
            Assert.NotEmpty(events);
        }
    }

    [Fact]
    public async Task ReadEventsAsync_LargeRecords_AreReadAFewAtATime()
    {
        var run = new LoggedRun(LoggedRun.OneStep, "m", "1", Time.Now);
        await run.AcceptAsync(Store);
        await run.StartAsync(Store);
        for (var i = 0; i < 10; i++)
        {
            await run.TurnAsync(Store, new RunInput.ReportProgress("a", 1, i / 10.0, new string('x', 300_000)));
        }
        foreach (var query in new[] { new FeedQuery(), new FeedQuery(RunId: run.Id), new FeedQuery(MatchId: "m") })
        {
            var page = await Store.ReadEventsAsync(query, 0, 500);
            Assert.Equal(run.State.Version, page.Events.Length);
            Assert.True(page.AtEnd);
        }
    }

    private static FeedPage Naive(
        (LoggedRun Run, long Last, IReadOnlyList<RunEvent> Events)[] turns, FeedQuery query, long after, int limit)
    {
        var rows = turns.Where(t => t.Last > after && (query.RunId is null || query.RunId == t.Run.Id)
            && (query.MatchId is null || query.MatchId == t.Run.State.Key.MatchId)).Take(limit).ToArray();
        var writer = new FeedWriter();
        var seen = rows.SelectMany(t => t.Events.Select((e, i) =>
            writer.Write(t.Last - t.Events.Count + 1 + i, t.Run.Id, t.Run.State.Key, e)))
            .Where(e => e.Seq > after).ToArray();
        var found = seen.Where(query.Matches).Take(limit).ToArray();
        return found.Length == limit
            ? new FeedPage([.. found], found[^1].Seq, AtEnd: false)
            : new FeedPage([.. found], seen.Length == 0 ? after : seen[^1].Seq, rows.Length < limit);
    }

    private static string Text(FeedPage page) => $"{page.Next} {page.AtEnd} " +
        string.Join('\n', page.Events.Select(e => $"{e.Seq} {e.EndsRun} {Encoding.UTF8.GetString(e.Utf8.Span)}"));

    private async Task<LoggedRun[]> MakeRunsAsync()
    {
        var random = new Random(3);
        var runs = Enumerable.Range(0, 12)
            .Select(i => LoggedRun.Random(random, $"m{i % 4}", $"{i}", Time.Now)).ToArray();
        foreach (var run in runs)
        {
            await run.AcceptAsync(Store);
        }
        var open = runs.ToList();
        while (open.Count > 0)
        {
            var run = open[random.Next(open.Count)];
            if (await run.StepAsync(Store, random))
            {
                open.Remove(run);
            }
        }
        return runs;
    }
}
