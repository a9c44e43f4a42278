using AgentGrid.Core.Runs;
using AgentGrid.Engine.Store;
using AgentGrid.RunLog.Tests.Hosting;
using AgentGrid.RunLog.Tests.Runs;
using StackExchange.Redis;

namespace AgentGrid.RunLog.Tests;

/// <summary>Turns of many runs that are kept by one call.</summary>
public sealed class BatchTests : IAsyncLifetime
{
    private const int Runs = 100;

    private RedisServer _server = null!;
    private IConnectionMultiplexer _connection = null!;
    private TestLog _test = null!;

    // Its calls are counted, and its scripts forgotten.
    public async ValueTask InitializeAsync()
    {
        _server = await RedisServer.StartAsync("--appendonly", "no");
        _connection = await _server.ConnectAsync();
        _test = new TestLog(_connection, "batches");
    }

    public async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task AppendAsync_ManyRunsAtOnce_TakesFarFewerCallsAndKeepsEach()
    {
        var runs = await AcceptedAsync();
        var before = await CallsAsync();

        var outcomes = await Task.WhenAll(runs.Select(r => StartAsync(r)));

        Assert.InRange(await CallsAsync() - before, 1, Runs / 2);
        Assert.Equal(Runs, outcomes.Select(o => Assert.IsType<AppendOutcome.Kept>(o).LastSeq).Distinct().Count());
        foreach (var run in runs)
        {
            Assert.Equal(run.Summary, (await _test.Log.FindAsync(run.Id))?.Summary);
        }
    }

    [Fact]
    public async Task AppendAsync_OneRunIsDamagedAndOneHasMovedOn_KeepsTheOthers()
    {
        var runs = await AcceptedAsync();
        await _test.Redis.KeyDeleteAsync(_test.Key($"run:{runs[50].Id.Value}"));
        await _test.Redis.StringSetAsync(_test.Key($"run:{runs[50].Id.Value}"), "no hash");

        var started = runs.Select((r, i) => StartAsync(r, by: i == 70 ? 1 : 0)).ToArray();

        for (var i = 0; i < Runs; i++)
        {
            if (i == 50)
            {
                var e = await Assert.ThrowsAsync<RedisServerException>(() => started[50]);
                Assert.StartsWith("WRONGTYPE", e.Message);
            }
            else if (i == 70)
            {
                Assert.IsType<AppendOutcome.Conflict>(await started[i]);
            }
            else
            {
                Assert.IsType<AppendOutcome.Kept>(await started[i]);
            }
        }
        Assert.Equal(RunStatus.Queued, (await _test.Log.FindAsync(runs[70].Id))!.Summary.Status);
    }

    [Fact]
    public async Task AppendAsync_RedisHasForgottenTheScripts_KeepsEach()
    {
        var runs = await AcceptedAsync();
        await _test.Redis.ExecuteAsync("SCRIPT", "FLUSH");

        Assert.All(await Task.WhenAll(runs.Select(r => StartAsync(r))), o => Assert.IsType<AppendOutcome.Kept>(o));
    }

    private async Task<LoggedRun[]> AcceptedAsync()
    {
        var runs = Enumerable.Range(0, Runs).Select(i => new LoggedRun(LoggedRun.OneStep, $"m{i}", "1", _test.Time.Now)).ToArray();
        await Task.WhenAll(runs.Select(r => r.AcceptAsync(_test.Log)));
        return runs;
    }

    private Task<AppendOutcome> StartAsync(LoggedRun run, int by = 0)
    {
        var version = run.State.Version;
        var events = run.Decide(RunInput.StartRun.Instance);
        return _test.Log.AppendAsync(run.Id, version + by, events, run.Summary);
    }

    private async Task<long> CallsAsync()
    {
        var stats = (await _test.Redis.ExecuteAsync("INFO", "commandstats")).ToString();
        var line = stats.Split('\n').First(l => l.StartsWith("cmdstat_evalsha:", StringComparison.Ordinal));
        return long.Parse(line.Split('=', ',')[1], System.Globalization.CultureInfo.InvariantCulture);
    }
}
