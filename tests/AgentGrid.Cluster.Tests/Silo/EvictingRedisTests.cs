using AgentGrid.Conformance;

namespace AgentGrid.Cluster.Tests.Silo;

/// <summary>A Redis that drops keys, and so accepted runs, when its memory is full.</summary>
public sealed class EvictingRedisTests
{
    private const string Remedy = "Set it to 'noeviction'";

    [Fact]
    public async Task Start_RedisDropsKeys_IsRefusedWithTheRemedy()
    {
        await using var redis = await RedisServer.StartAsync("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru");
        await using var program = SiloProgram.Launch($"127.0.0.1:{redis.Port}");

        Assert.Equal(1, await program.Exited.WaitAsync(2 * Limits.Patience));

        Assert.Contains("maxmemory-policy 'allkeys-lru'", program.Output, StringComparison.Ordinal);
        Assert.Contains(Remedy, program.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", program.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_PolicyIsChangedWhileItRuns_IsDegradedUntilItIsMended()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var admin = await redis.ConnectAsync();
        await using var program = await SiloProgram.StartedAsync(SiloProgram.Launch($"127.0.0.1:{redis.Port}", "--role", "silo"));
        await program.ReadyAsync();
        Assert.Contains("\"status\":\"ok\"", (await program.GetAsync("/health")).Text, StringComparison.Ordinal);

        await admin.GetServers()[0].ConfigSetAsync("maxmemory-policy", "allkeys-random");

        var (status, text) = await program.GetAsync("/health");
        Assert.Equal(System.Net.HttpStatusCode.OK, status);
        Assert.Contains("\"status\":\"degraded\"", text, StringComparison.Ordinal);
        Assert.Contains("allkeys-random", text, StringComparison.Ordinal);
        await Limits.EventuallyAsync(
            () => new(program.Output.Contains(Remedy, StringComparison.Ordinal)), () => new(program.Output));
        await program.ReadyAsync();

        await admin.GetServers()[0].ConfigSetAsync("maxmemory-policy", "noeviction");
        Assert.Contains("\"status\":\"ok\"", (await program.GetAsync("/health")).Text, StringComparison.Ordinal);
        await Limits.EventuallyAsync(
            () => new(program.Output.Contains("no longer drops runs", StringComparison.Ordinal)), () => new(program.Output));
        Assert.Equal(2, program.Output.Split(Remedy).Length);
    }
}
