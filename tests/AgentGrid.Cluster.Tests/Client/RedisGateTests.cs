using System.Net;
using System.Net.Sockets;
using AgentGrid.Conformance;
using AgentGrid.Core.Grid;
using AgentGrid.RunLog.Connections;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentGrid.Cluster.Tests.Client;

/// <summary>A Redis that cannot be used, in each of the ways in which that happens: the reason says which.</summary>
public sealed class RedisGateTests
{
    [Fact]
    public Task Pass_NothingListens_SaysRefused() => SaysAsync("127.0.0.1:1", "Connection refused");

    [Fact]
    public Task Pass_UnknownHost_SaysSo() =>
        SaysAsync("nowhere.invalid", "Redis at nowhere.invalid:6379 cannot be reached");

    [Fact]
    public async Task Pass_WrongPassword_SaysWhatRedisSaysAndNotThePassword()
    {
        await using var redis = await RedisServer.StartAsync("--requirepass", "right");

        var reason = await SaysAsync(
            $"127.0.0.1:{redis.Port},password=s3cret", "it does not let this program in: ", "WRONGPASS");

        Assert.DoesNotContain("s3cret", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pass_SomethingElseListens_SaysThatItIsNoRedis()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();

        await SaysAsync(
            $"127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}", "does not answer as Redis would");
    }

    [Fact]
    public async Task Pass_RedisComesWhileItWaits_Passes()
    {
        await using var redis = await RedisServer.StartAsync();
        redis.Kill();

        // However long the start takes, it is not too long.
        var passing = RedisGate.PassAsync(
            $"127.0.0.1:{redis.Port}", new StoppedClock(), NullLogger.Instance, CancellationToken.None);
        Assert.False(passing.IsCompleted);
        await redis.RestartAsync();

        await Limits.WithinAsync(passing, () => "a Redis that is there again");
    }

    // What is said is what the last of several tries has met: one for which the machine had no time says so instead.
    private static async Task<string> SaysAsync(string redis, params string[] expected)
    {
        var reason = "";
        for (var rounds = 0; rounds < 3 && !Array.TrueForAll(expected, reason.Contains); rounds++)
        {
            reason = (await Assert.ThrowsAsync<GridUnavailableException>(() => RedisGate.PassAsync(
                redis, TimeProvider.System, NullLogger.Instance, CancellationToken.None))).Message;
        }
        Assert.All(expected, e => Assert.Contains(e, reason, StringComparison.Ordinal));
        return reason;
    }

    /// <summary>Time does not pass on it; what is to happen after some time happens all the same.</summary>
    private sealed class StoppedClock : TimeProvider
    {
        public override long GetTimestamp() => 0;
    }
}
