using System.Text.Json;
using AgentGrid.Core.Runs;
using AgentGrid.RunLog.Tests.Hosting;
using StackExchange.Redis;

namespace AgentGrid.RunLog.Tests.Runs;

/// <summary>
/// Makes the fixture of a format: a run log with runs in every state, a line for each key. To be run with the program
/// whose logs must still be read, before the next one changes what is written:
/// <c>AGENTGRID_KEPT_LOG=/tmp/format-N.jsonl</c>, <c>-explicit only -class "*.KeptLog"</c>.
/// </summary>
/// <remarks>
/// Its runs of the match 'kept', in the order of their acceptance: 'long' was cancelled with 300 branches; 1 completed,
/// and was posted again; 2 failed; 3 was cancelled; 4 failed, was retried five hours later, and completed; 5 failed, was
/// retried, and runs; 8 waits to try again; 6 runs its second step; 7 waits for a slot; 9 is queued; 'older' failed, and
/// its tip does not say who had an attempt and why.
/// </remarks>
public sealed class KeptLog(SharedRedis redis)
{
    public const string Match = "kept";

    private readonly TestLog _test = redis.NewLog();
    private RedisRunLog Log => _test.Log;

    [Fact(Explicit = true)]
    public async Task Make()
    {
        var path = Environment.GetEnvironmentVariable("AGENTGRID_KEPT_LOG");
        Assert.NotNull(path);
        var two = LoggedRun.PlanOf(
            "two", """{"steps":{"a":{"agent":"work"},"b":{"agent":"work","needs":["a"]}}}""");
        await CancelLongAsync();
        var completed = await StartAsync("1", two);
        await completed.FinishAsync(Log);
        await completed.TurnAsync(Log, new RunInput.CompleteAttempt("b", 1, Core.Json.Parse("""{"n":"ä"}""")));
        await completed.TurnAsync(Log, RunInput.SkipSubmission.Instance);
        await (await StartAsync("2", LoggedRun.OneStep)).FailAsync(Log);
        await (await StartAsync("3", LoggedRun.OneStep)).TurnAsync(Log, new RunInput.CancelRun("called off"));
        var (retried, again) = (await StartAsync("4", LoggedRun.OneStep), await StartAsync("5", LoggedRun.OneStep));
        foreach (var run in new[] { retried, again })
        {
            await run.FailAsync(Log);
            run.Now += TimeSpan.FromHours(5);
            await run.TurnAsync(Log, new RunInput.RetryRun());
            await run.StartAsync(Log);
        }
        await retried.FinishAsync(Log);
        var flaky = await StartAsync("8", LoggedRun.PlanOf("flaky", """{"steps":{"a":{"agent":"flaky"}}}"""));
        await flaky.FailAsync(Log);
        await (await StartAsync("6", two)).FinishAsync(Log);
        await StartAsync("7", LoggedRun.PlanOf("busy", """{"steps":{"a":{"agent":"busy"}}}"""));
        await new LoggedRun(LoggedRun.OneStep, Match, "9", _test.Time.Now, "tenant").AcceptAsync(Log);
        await (await StartAsync("older", LoggedRun.OneStep, tipsSayAgents: false)).FailAsync(Log);

        await File.WriteAllLinesAsync(path, await DumpAsync());
    }

    /// <summary>Puts what a fixture has into an empty log.</summary>
    internal static async Task LoadAsync(TestLog test, string name)
    {
        foreach (var line in await File.ReadAllLinesAsync(Path.Combine(AppContext.BaseDirectory, "Fixtures", name)))
        {
            var json = JsonSerializer.Deserialize<JsonElement>(line);
            RedisKey key = test.Key(json.GetProperty("key").GetString()!);
            var values = json.GetProperty("values").EnumerateArray().Select(v => (RedisValue)v.GetBytesFromBase64()).ToArray();
            var answer = await test.Redis.ExecuteAsync(
                json.GetProperty("command").GetString()!, [key, .. values.Cast<object>()]);
            Assert.False(answer.IsNull, line);
        }
    }

    private async Task CancelLongAsync()
    {
        var plan = LoggedRun.PlanOf("long", """{"steps":{"a":{"agent":"work","mode":"each","for_each":"input.items"}}}""");
        var run = new LoggedRun(
            plan, Match, "long", _test.Time.Now, input: $$"""{"items":[{{string.Join(',', Enumerable.Range(0, 300))}}]}""");
        await run.AcceptAsync(Log);
        await run.StartAsync(Log);
        await run.TurnAsync(Log, new RunInput.CancelRun("too long"));
    }

    private async Task<LoggedRun> StartAsync(string round, Core.Plans.Plan plan, bool tipsSayAgents = true)
    {
        var run = new LoggedRun(plan, Match, round, _test.Time.Now) { TipsSayAgents = tipsSayAgents };
        await run.AcceptAsync(Log);
        await run.StartAsync(Log);
        return run;
    }

    // The command that makes each key, or one entry of the stream, with its arguments in Base64.
    private async Task<List<string>> DumpAsync()
    {
        var lines = new List<string>();
        foreach (var name in await _test.KeysAsync())
        {
            RedisKey key = _test.Key(name);
            switch (await _test.Redis.KeyTypeAsync(key))
            {
                case RedisType.Hash:
                    Add(name, "HSET", (await _test.Redis.HashGetAllAsync(key)).SelectMany(e => new[] { e.Name, e.Value }));
                    break;
                case RedisType.SortedSet:
                    Add(name, "ZADD", (await _test.Redis.SortedSetRangeByRankWithScoresAsync(key))
                        .SelectMany(e => new RedisValue[] { e.Score, e.Element }));
                    break;
                case RedisType.Stream:
                    foreach (var entry in await _test.Redis.StreamRangeAsync(key))
                    {
                        Add(name, "XADD", entry.Values.SelectMany(v => new[] { v.Name, v.Value }).Prepend(entry.Id));
                    }
                    break;
                default:
                    Add(name, "SET", [await _test.Redis.StringGetAsync(key)]);
                    break;
            }
        }
        return lines;

        void Add(string name, string command, IEnumerable<RedisValue> values) => lines.Add(JsonSerializer.Serialize(new
        {
            key = name,
            command,
            values = values.Select(v => (byte[])v!),
        }));
    }
}
