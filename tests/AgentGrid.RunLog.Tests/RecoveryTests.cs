using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Store;
using AgentGrid.RunLog.Recovery;
using AgentGrid.RunLog.Tests.Hosting;
using StackExchange.Redis;

namespace AgentGrid.RunLog.Tests;

public sealed class RecoveryTests(SharedRedis redis) : IDisposable
{
    private readonly TestLog _test = redis.NewLog();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentgrid-recovery-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task RecoverAsync_NothingIsDamaged_ChangesNothing()
    {
        var runs = await RandomRunsAsync(40);
        var before = await DumpAsync();

        var report = await RecoverAsync();

        Assert.Equal((runs.Count, 0, null), (report.Kept, report.Dropped.Length, report.SetAside));
        Assert.Equal(before, await DumpAsync());
        Assert.Empty(_folder.GetFiles());
    }

    [Fact]
    public async Task RecoverAsync_RunsAreDamagedInEveryWay_DropsThemAndKeepsTheOthersWhole()
    {
        var runs = await RandomRunsAsync(60);
        var lost = runs.Take(40).Where((_, i) => i % 5 == 0).ToArray();
        for (var i = 0; i < lost.Length; i++)
        {
            await DamageAsync(lost[i].Id, i);
        }
        await _test.Redis.SortedSetAddAsync(_test.Key("active"), "nonsense", 0);
        var last = await _test.Log.LastSeqAsync();

        var report = await RecoverAsync();

        Assert.Equal(runs.Count - lost.Length, report.Kept);
        Assert.Equal(lost.Length + 1, report.Dropped.Length);
        Assert.All(lost, r => Assert.Single(report.Dropped, d => d.StartsWith($"run {r.Id} ", StringComparison.Ordinal)));
        var sound = runs.Except(lost).ToArray();
        foreach (var run in sound)
        {
            Assert.Equal(LoggedRun.Dump(run.State), LoggedRun.Dump((await _test.Open().ReplayAsync(run.Id))!));
        }
        Assert.Equal(
            sound.Select(r => r.Id).Order(), (await _test.Log.ListAsync(new RunQuery(Limit: 1_000))).Runs.Select(r => r.RunId).Order());
        Assert.DoesNotContain(
            (await _test.Log.ReadEventsAsync(new FeedQuery(), 0, 100_000)).Events,
            e => e.Stage == Stages.Damaged || lost.Any(r => r.Id == e.RunId));
        Assert.Equal(last, await _test.Log.LastSeqAsync());
        Assert.Empty((await RecoverAsync()).Dropped);
        // Counts are those of what is left, and nothing of the others is: retention ends with an empty log.
        var tenants = (await _test.Redis.HashGetAllAsync(_test.Key("tenants"))).ToDictionary(t => $"{t.Name}", t => (int)t.Value);
        Assert.Equal(sound.Count(r => !r.State.Status.IsEnded()), tenants.Values.Sum());
        foreach (var run in sound.Where(r => !r.State.Status.IsEnded()))
        {
            await run.TurnAsync(_test.Log, new RunInput.CancelRun("enough"));
        }
        var chance = new Random(1);
        foreach (var run in sound.Where(r => r.State.OpenDeliveries > 0))
        {
            while (!await run.StepAsync(_test.Log, chance))
            {
            }
        }
        _test.Time.Advance(TimeSpan.FromDays(400));
        await _test.Log.SweepAsync(1_000);
        Assert.DoesNotContain(await _test.KeysAsync(),
            k => k is not ("seq" or "plans" or "events:0") && !k.StartsWith("plan:", StringComparison.Ordinal));
        // The keys are free.
        Assert.IsType<AcceptOutcome.Kept>(await new LoggedRun(
            LoggedRun.OneStep, lost[0].State.Key.MatchId, lost[0].State.Key.Round, _test.Time.Now).AcceptAsync(_test.Log));
    }

    [Fact]
    public async Task RecoverAsync_WhatItDropped_CanBePutBack()
    {
        var runs = await RandomRunsAsync(3);
        await DamageAsync(runs[1].Id, 1);
        var before = await DumpAsync();

        var report = await RecoverAsync();

        Assert.NotEqual(before, await DumpAsync());
        var line = JsonSerializer.Deserialize<JsonElement>(Assert.Single(await File.ReadAllLinesAsync(report.SetAside!)));
        Assert.Equal(runs[1].Id.Value, line.GetProperty("run").GetString());
        foreach (var key in line.GetProperty("keys").EnumerateObject())
        {
            await _test.Redis.KeyRestoreAsync(key.Name, key.Value.GetBytesFromBase64());
        }
        foreach (var entry in line.GetProperty("entries").EnumerateArray())
        {
            var (key, name, value) = (entry[0].GetString()!, entry[1].GetString(), entry[2].GetString()!);
            if (key.Contains(":rounds:", StringComparison.Ordinal))
            {
                await _test.Redis.HashSetAsync(key, name, value);
            }
            else
            {
                await _test.Redis.SortedSetAddAsync(key, name, double.Parse(value));
            }
        }
        var after = await DumpAsync();
        // Counters are not a run's own.
        Assert.Equal(Without("plan", before), Without("plan", after));

        static List<string> Without(string start, List<string> keys) =>
            [.. keys.Where(k => !k.StartsWith(start, StringComparison.Ordinal) && !k.StartsWith("tenants", StringComparison.Ordinal))];
    }

    [Fact]
    public async Task RecoverAsync_TheFileCannotBeWritten_DropsNothing()
    {
        var runs = await RandomRunsAsync(3);
        await DamageAsync(runs[1].Id, 1);
        var before = await DumpAsync();

        await Assert.ThrowsAsync<DirectoryNotFoundException>(() => RecoverAsync(Path.Combine(_folder.FullName, "none")));

        Assert.Equal(before, await DumpAsync());
    }

    private Task<RunLogRecoveryReport> RecoverAsync(string? folder = null) => RunLogRecovery.RecoverAsync(
        redis.Connection!, _test.Options, folder ?? _folder.FullName, _test.Time, TestContext.Current.CancellationToken);

    private async Task<List<LoggedRun>> RandomRunsAsync(int count)
    {
        var runs = new List<LoggedRun>();
        for (var seed = 0; seed < count; seed++)
        {
            var random = new Random(seed);
            var run = LoggedRun.Random(random, $"m{seed % 7}", $"{seed}", _test.Time.Now, seed % 3 == 0 ? "tenant" : null);
            runs.Add(run);
            await run.AcceptAsync(_test.Log);
            for (var steps = seed % 4 == 0 ? 2 : int.MaxValue; steps > 0 && !await run.StepAsync(_test.Log, random); steps--)
            {
            }
        }
        return runs;
    }

    private async Task DamageAsync(RunId run, int kind)
    {
        var (row, log) = (_test.Key($"run:{run}"), _test.LogOf(run));
        switch (kind % 8)
        {
            case 0:
                await FlipAsync(row, "head");
                break;
            case 1:
                await FlipAsync(row, "tip");
                break;
            case 2:
                await _test.Redis.HashSetAsync(row, "v", "x");
                break;
            case 3:
                await _test.Redis.KeyDeleteAsync(row);
                break;
            case 4:
                await _test.Redis.StringSetAsync(row, "x");
                break;
            case 5:
                await _test.Redis.KeyDeleteAsync(log);
                break;
            case 6:
                await _test.Redis.SortedSetRemoveRangeByRankAsync(log, 1, 1);
                break;
            default:
                await _test.Redis.KeyDeleteAsync([row, log]);
                break;
        }
    }

    private async Task FlipAsync(RedisKey key, string field)
    {
        var value = ((byte[])(await _test.Redis.HashGetAsync(key, field))!).ToArray();
        value[^3] ^= 1;
        await _test.Redis.HashSetAsync(key, field, value);
    }

    // Every key with what it has, in a stable order.
    private async Task<List<string>> DumpAsync()
    {
        var all = new List<string>();
        foreach (var name in await _test.KeysAsync())
        {
            RedisKey key = _test.Key(name);
            var value = await _test.Redis.KeyTypeAsync(key) switch
            {
                RedisType.Hash => (await _test.Redis.HashGetAllAsync(key)).Select(e => $"{e.Name}={Convert.ToBase64String((byte[])e.Value!)}").Order(),
                RedisType.Stream => (await _test.Redis.StreamRangeAsync(key)).Select(e => $"{e.Id}"),
                RedisType.SortedSet => (await _test.Redis.SortedSetRangeByRankWithScoresAsync(key)).Select(e => $"{e.Score}={Convert.ToBase64String((byte[])e.Element!)}"),
                _ => [$"{await _test.Redis.StringGetAsync(key)}"],
            };
            all.Add($"{name}: {string.Join(' ', value)}");
        }
        return all;
    }
}
