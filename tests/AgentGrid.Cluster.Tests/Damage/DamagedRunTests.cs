using System.Net;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using AgentGrid.Cluster.Tests.Hosting;
using AgentGrid.Cluster.Tests.Silo;
using AgentGrid.Conformance;
using StackExchange.Redis;

namespace AgentGrid.Cluster.Tests.Damage;

/// <summary>What is kept of a run was damaged while nobody was there: nothing stops but that run.</summary>
public sealed class DamagedRunTests : IAsyncLifetime
{
    private readonly string _cluster = $"damage-{Guid.NewGuid():N}";
    private ConnectionMultiplexer _redis = null!;

    public async ValueTask InitializeAsync() => _redis = await SharedRedis.Server.ConnectAsync();

    public async ValueTask DisposeAsync()
    {
        await _redis.DisposeAsync();
        await SharedRedis.ForgetAsync(_cluster);
    }

    [Theory]
    [InlineData("tip")]
    [InlineData("record")]
    public async Task Start_OneActiveRunIsDamaged_AllOthersGoOn(string part)
    {
        string damaged, waiting, ended;
        await using (var before = await SiloProgram.StartAsync(_cluster))
        {
            ended = IdOf(await before.PostAsync("ended", "echo", new { }, toTheEnd: true));
            damaged = IdOf(await before.PostAsync("damaged", "delay", new { ms = 600_000 }));
            waiting = IdOf(await before.PostAsync("damaged", "delay", new { ms = 1_500 }, round: "2"));
            await Limits.EventuallyAsync(
                async () => (await before.GetAsync($"/api/v1/runs/{damaged}")).Text.Contains("\"node\":"), () => new("no attempt"));
            await before.SignalAsync(GridProcess.Kill);
            await before.Exited;
        }
        await DamageAsync(damaged, part);

        // With a single place, which the damaged run had.
        await using var program = await SiloProgram.StartAsync(_cluster, "--AgentGrid:MaxActiveRuns", "1");

        // New runs are accepted, placed and run; what was active goes on, of the same match too.
        var fresh = await program.PostAsync("fresh", "echo", new { }, toTheEnd: true);
        Assert.Equal("completed", fresh.GetProperty("status").GetString());
        await Limits.EventuallyAsync(
            async () => (await program.GetAsync($"/api/v1/runs/{waiting}")).Text.Contains("\"status\":\"completed\""),
            async () => (await program.GetAsync($"/api/v1/runs/{waiting}")).Text);

        // The run itself: nobody can read it, and its key is not given to another.
        var (status, text) = await program.GetAsync($"/api/v1/runs/{damaged}");
        Assert.Equal(HttpStatusCode.InternalServerError, status);
        Assert.Contains("AG2053", text);
        Assert.Contains(damaged, text);
        using var posted = await program.Http.PostAsJsonAsync("/api/v1/orchestrate", new
        {
            match_id = "damaged",
            round = "1",
            plan = new { steps = new { only = new { agent = "delay", input = new { ms = 600_000 } } } },
        });
        var answer = await posted.Content.ReadAsStringAsync();
        Assert.True(posted.StatusCode == HttpStatusCode.ServiceUnavailable, $"{posted.StatusCode}: {answer}");
        Assert.Contains($"The run log is damaged: run {damaged}", answer);
        using var cancelled = await program.Http.PostAsync($"/api/v1/runs/{damaged}/cancel", null);
        Assert.True((int)cancelled.StatusCode >= 500, $"{cancelled.StatusCode}");
        Assert.Contains($"The run log is damaged: run {damaged}", await cancelled.Content.ReadAsStringAsync());

        // Lists and feeds have what is sound.
        var (listed, list) = await program.GetAsync("/api/v1/runs");
        Assert.True(listed == HttpStatusCode.OK, $"{listed}: {list}");
        Assert.All([ended, waiting, IdOf(fresh)], id => Assert.Contains(id, list));
        var events = await FollowAsync(program, [ended, waiting, IdOf(fresh)]);
        Assert.Contains(events, e => StageOf(e) == "damaged" && IdOf(e) == damaged);

        // It is said once, with what and why.
        string[] Said() => [.. program.Output.Split('\n').Where(l => l.Contains("The run log is damaged")
            && l.Contains(damaged) && !l.Contains("/api/v1/runs/"))];
        await Limits.EventuallyAsync(() => new(Said().Length > 0), () => new(program.Output));
        Assert.True(Said().Length == 1, program.Output);
        Assert.False(program.Exited.IsCompleted, program.Output);
    }

    [Fact]
    public async Task Turn_TheRunWasDamagedMeanwhile_EndsNothingButIt()
    {
        await using var program = await SiloProgram.StartAsync(_cluster);
        var (run, other, ms) = ("", "", 1_000);
        do
        {
            ms *= 2;
            run = IdOf(await program.PostAsync("m", "delay", new { ms }, round: $"{ms}"));
            other = IdOf(await program.PostAsync("m", "delay", new { ms = ms + 500 }, round: $"{ms} too"));
        }
        // On a machine that stands still it may have ended by now: then again with one that takes longer.
        while (!await DamageWhileItRunsAsync(program, run) && ms < 60_000);

        await Limits.EventuallyAsync(
            async () => (await program.GetAsync($"/api/v1/runs/{other}")).Text.Contains("\"status\":\"completed\""),
            () => new(program.Output));
        await Limits.EventuallyAsync(
            () => new(program.Output.Contains($"The run log is damaged: run {run}")), () => new(program.Output));
        Assert.DoesNotContain("an error in Agent Grid itself", program.Output);
        Assert.Contains("AG2053", (await program.GetAsync($"/api/v1/runs/{run}")).Text);
    }

    [Fact]
    public async Task Recover_BesideARunningSilo_FreesTheKeyAndEnds()
    {
        await using var program = await SiloProgram.StartAsync(_cluster);
        var damaged = IdOf(await program.PostAsync("m", "echo", new { }, toTheEnd: true));
        var sound = IdOf(await program.PostAsync("m", "echo", new { }, toTheEnd: true, round: "2"));
        await DamageAsync(damaged, "record");
        Assert.Contains("AG2053", (await program.GetAsync($"/api/v1/runs/{damaged}")).Text);

        foreach (var (told, dropped) in new[] { ("1 runs are kept, 1 were dropped", true), ("Nothing in the run log is damaged", false) })
        {
            await using var recovery = SiloProgram.Launch(SharedRedis.Address, "--cluster-id", _cluster, "--recover");
            Assert.Equal(0, await recovery.Exited.WaitAsync(Limits.Patience));
            Assert.Contains(told, recovery.Output);
            Assert.Equal(dropped, recovery.Output.Contains($"Dropped by the recovery: run {damaged} ('m/1') has a record"));
        }

        Assert.Equal(HttpStatusCode.NotFound, (await program.GetAsync($"/api/v1/runs/{damaged}")).Status);
        Assert.Equal(HttpStatusCode.OK, (await program.GetAsync($"/api/v1/runs/{sound}")).Status);
        var again = await program.PostAsync("m", "echo", new { }, toTheEnd: true);
        Assert.Equal("completed", again.GetProperty("status").GetString());
        Assert.NotEqual(damaged, IdOf(again));
    }

    [Fact]
    public async Task Recover_RedisAway_SaysSoAndFails()
    {
        await using var recovery = SiloProgram.Launch("127.0.0.1:1", "--recover");

        Assert.Equal(1, await recovery.Exited.WaitAsync(Limits.Patience));

        Assert.Contains("Redis at 127.0.0.1:1 cannot be reached", recovery.Output);
    }

    private static string IdOf(JsonElement json) => json.GetProperty("run_id").GetString()!;

    private static string StageOf(JsonElement json) => json.GetProperty("stage").GetString()!;

    // Every event from the first on, until some runs have completed.
    private static async Task<List<JsonElement>> FollowAsync(SiloProgram program, List<string> runs)
    {
        using var patience = new CancellationTokenSource(Limits.Patience);
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{program.Port}/ws/agents?after=0"), patience.Token);
        var events = new List<JsonElement>();
        var buffer = new byte[64 * 1024];
        while (runs.Count > 0)
        {
            var received = await socket.ReceiveAsync(buffer, patience.Token);
            Assert.True(received.MessageType == WebSocketMessageType.Text, $"{socket.CloseStatusDescription}\n{program.Output}");
            events.Add(JsonSerializer.Deserialize<JsonElement>(Encoding.UTF8.GetString(buffer, 0, received.Count)));
            if (StageOf(events[^1]) == "completed")
            {
                runs.Remove(IdOf(events[^1]));
            }
        }
        return events;
    }

    // Its driver will find that the run is not as it was, and cannot read what it is. False when it has ended before.
    private async Task<bool> DamageWhileItRunsAsync(SiloProgram program, string run)
    {
        RedisKey row = $"{{{_cluster}}}:run:{run}";
        while (true)
        {
            var version = await _redis.GetDatabase().HashGetAsync(row, "v");
            if ((await program.GetAsync($"/api/v1/runs/{run}")).Text.Contains("\"status\":\"completed\""))
            {
                return false;
            }
            var damage = _redis.GetDatabase().CreateTransaction();
            damage.AddCondition(Condition.HashEqual(row, "v", version));
            _ = damage.HashIncrementAsync(row, "v", 100);
            if (await damage.ExecuteAsync())
            {
                return true;
            }
        }
    }

    private async Task DamageAsync(string run, string part)
    {
        var redis = _redis.GetDatabase();
        var (row, log) = ((RedisKey)$"{{{_cluster}}}:run:{run}", (RedisKey)$"{{{_cluster}}}:log:{run}");
        switch (part)
        {
            case "record":
                var entry = (await redis.SortedSetRangeByRankWithScoresAsync(log))[1];
                await redis.SortedSetRemoveAsync(log, entry.Element);
                await redis.SortedSetAddAsync(log, Damaged(entry.Element), entry.Score);
                break;
            case "run":
                await redis.KeyDeleteAsync(row);
                break;
            case "v":
                await redis.HashSetAsync(row, "v", "x");
                break;
            default:
                await redis.HashSetAsync(row, part, Damaged(await redis.HashGetAsync(row, part)));
                break;
        }
    }

    private static byte[] Damaged(RedisValue value)
    {
        var bytes = ((byte[])value!).ToArray();
        bytes[^3] ^= 1;
        return bytes;
    }
}
