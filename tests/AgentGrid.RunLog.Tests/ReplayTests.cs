using AgentGrid.Core;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Store;
using AgentGrid.RunLog.Tests.Hosting;

namespace AgentGrid.RunLog.Tests;

public sealed class ReplayTests(SharedRedis redis)
{
    private readonly TestLog _test = redis.NewLog();

    [Fact]
    public async Task ReplayAsync_AnyByteOfAnyRecordChanged_RefusesItByName()
    {
        var run = await CompletedAsync();
        var random = new Random(1);
        foreach (var entry in await _test.Redis.SortedSetRangeByRankWithScoresAsync(_test.LogOf(run.Id)))
        {
            var sound = (byte[])entry.Element!;
            for (var i = 0; i < 20; i++)
            {
                var damaged = sound.ToArray();
                damaged[i == 0 ? 0 : random.Next(sound.Length)] ^= (byte)(1 << random.Next(8));
                await ReplaceAsync(run.Id, entry.Score, damaged);
                await RefusedAsync(run.Id, $"event {entry.Score:0}");
            }
            foreach (var length in new[] { 0, 5, 17, sound.Length - 1 })
            {
                await ReplaceAsync(run.Id, entry.Score, sound[..length]);
                await RefusedAsync(run.Id, $"event {entry.Score:0}");
            }
            await ReplaceAsync(run.Id, entry.Score, sound);
        }
        Assert.Equal(LoggedRun.Dump(run.State), LoggedRun.Dump((await _test.Log.ReplayAsync(run.Id))!));
    }

    [Fact]
    public async Task ReplayAsync_ARecordMissing_RefusesTheRunByName()
    {
        var run = await CompletedAsync();
        var entries = await _test.Redis.SortedSetRangeByRankWithScoresAsync(_test.LogOf(run.Id));
        foreach (var entry in entries)
        {
            await _test.Redis.SortedSetRemoveAsync(_test.LogOf(run.Id), entry.Element);
            await RefusedAsync(run.Id, entry == entries[^1] ? "by its summary, and" : "one between them is missing");
            await _test.Redis.SortedSetAddAsync(_test.LogOf(run.Id), entry.Element, entry.Score);
        }
        Assert.NotNull(await _test.Log.ReplayAsync(run.Id));
    }

    [Fact]
    public async Task ReplayAsync_ARecordOfAnotherRun_RefusesIt()
    {
        var (run, other) = (await CompletedAsync("1"), await CompletedAsync("2"));
        var mine = (await _test.Redis.SortedSetRangeByRankWithScoresAsync(_test.LogOf(run.Id)))[1];
        var theirs = (await _test.Redis.SortedSetRangeByRankAsync(_test.LogOf(other.Id)))[1];

        await ReplaceAsync(run.Id, mine.Score, (byte[])theirs!);

        await RefusedAsync(run.Id, $"event {mine.Score:0}");
    }

    [Fact]
    public async Task FindAsync_ADamagedDescriptionOrSummary_RefusesItByName()
    {
        var run = await CompletedAsync();
        var key = _test.Key($"run:{run.Id}");
        foreach (var field in new[] { "head", "tip" })
        {
            var sound = (byte[])(await _test.Redis.HashGetAsync(key, field))!;
            var damaged = sound.ToArray();
            damaged[^3] ^= 1;
            await _test.Redis.HashSetAsync(key, field, damaged);
            foreach (var read in new Func<Task>[]
            {
                () => _test.Log.FindAsync(run.Id), () => _test.Log.FindAsync(run.State.Key),
                () => _test.Log.ReplayAsync(run.Id),
            })
            {
                var refusal = await Assert.ThrowsAsync<DamageException>(read);
                Assert.Contains($"run {run.Id} has a ", refusal.Message, StringComparison.Ordinal);
                Assert.Contains($"(field '{field}') that does not match its checksum", refusal.Message, StringComparison.Ordinal);
            }
            await _test.Redis.HashSetAsync(key, field, sound);
        }
        await _test.Redis.HashIncrementAsync(key, "v");
        await Assert.ThrowsAsync<DamageException>(() => _test.Log.FindAsync(run.Id));
    }

    [Fact]
    public async Task ReplayAsync_ADamagedOrMissingPlan_RefusesTheRunByName()
    {
        var run = await CompletedAsync();
        var key = _test.Key((await _test.KeysAsync()).Single(k => k.StartsWith("plan:", StringComparison.Ordinal)));
        await _test.Redis.StringSetAsync(key, """{"steps":{"b":{"agent":"work"}}}""");
        await RefusedAsync(run.Id, "plan 'one', whose definition does not match its hash");
        await _test.Redis.KeyDeleteAsync(key);
        await RefusedAsync(run.Id, "which is missing");
    }

    private async Task<LoggedRun> CompletedAsync(string round = "1")
    {
        var run = new LoggedRun(LoggedRun.OneStep, "m", round, _test.Time.Now);
        await run.CompleteAsync(_test.Log);
        return run;
    }

    private async Task RefusedAsync(RunId run, string where)
    {
        var refusal = await Assert.ThrowsAsync<DamageException>(() => _test.Open().ReplayAsync(run));
        Assert.Contains(run.Value, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(where, refusal.Message, StringComparison.Ordinal);
    }

    private async Task ReplaceAsync(RunId run, double score, byte[] record)
    {
        await _test.Redis.SortedSetRemoveRangeByScoreAsync(_test.LogOf(run), score, score);
        await _test.Redis.SortedSetAddAsync(_test.LogOf(run), record, score);
    }
}
