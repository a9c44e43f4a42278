using System.Net;
using System.Net.Sockets;
using AgentGrid.Core;
using AgentGrid.GrainClient.Connections;
using AgentGrid.RunLog.Tests.Hosting;

namespace AgentGrid.Cluster.Tests.Client;

/// <summary>A Redis that cannot be used, in each of the ways in which that happens: the reason says which.</summary>
public sealed class RedisGateTests
{
    [Fact]
    public async Task Pass_NothingListens_SaysRefused() =>
        Assert.Contains("Connection refused", await ReasonAsync("127.0.0.1:1"), StringComparison.Ordinal);

    [Fact]
    public async Task Pass_UnknownHost_SaysSo() => Assert.Contains(
        "Redis at nowhere.invalid:6379 cannot be reached", await ReasonAsync("nowhere.invalid"), StringComparison.Ordinal);

    [Fact]
    public async Task Pass_WrongPassword_SaysWhatRedisSaysAndNotThePassword()
    {
        await using var redis = await RedisServer.StartAsync("--requirepass", "right");

        var reason = await ReasonAsync($"127.0.0.1:{redis.Port},password=s3cret");

        Assert.Contains("it does not let this program in: ", reason, StringComparison.Ordinal);
        Assert.Contains("WRONGPASS", reason, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pass_SomethingElseListens_SaysThatItIsNoRedis()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();

        var reason = await ReasonAsync($"127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}");

        Assert.Contains("does not answer as a Redis would", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pass_RedisComesWhileItWaits_Passes()
    {
        await using var redis = await RedisServer.StartAsync();
        redis.Kill();

        var passing = RedisGate.PassAsync($"127.0.0.1:{redis.Port}", TimeProvider.System, CancellationToken.None);
        await redis.RestartAsync();

        await passing;
    }

    private static async Task<string> ReasonAsync(string redis) => (await Assert.ThrowsAsync<GridUnavailableException>(
        () => RedisGate.PassAsync(redis, TimeProvider.System, CancellationToken.None))).Message;
}
