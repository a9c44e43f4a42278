using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using AgentGrid.Conformance;

namespace AgentGrid.Cluster.Tests.Silo;

/// <summary>Processes of a cluster that start when nothing is there yet.</summary>
public sealed class StartingTests
{
    [Fact]
    public async Task Start_SeveralInTheSameSecondOnAnEmptyRedis_AreOneCluster()
    {
        const int count = 5;
        await using var redis = await RedisServer.StartAsync();
        var clock = Stopwatch.StartNew();
        SiloProgram[] silos =
        [
            .. Enumerable.Range(0, count).Select(i => SiloProgram.Launch(
                $"127.0.0.1:{redis.Port}", "--role", i == 0 ? "all" : "silo", "--name", $"s{i}")),
        ];
        try
        {
            await Task.WhenAll(silos.Select(SiloProgram.StartedAsync));
            await Task.WhenAll(silos.Select(s => s.ReadyAsync()));
            var ready = clock.Elapsed;

            var run = await silos[0].PostAsync("m", "echo", new { }, toTheEnd: true);

            Assert.Equal("completed", run.GetProperty("status").GetString());
            var all = $"\"silos\":{count},";
            await Task.WhenAll(silos.Skip(1).Select(s => Limits.EventuallyAsync(
                async () => (await s.GetAsync("/health")).Text.Contains(all, StringComparison.Ordinal),
                async () => (await s.GetAsync("/health")).Text)));
            Console.WriteLine($"start: {count} silos are ready after {ready}, know each other after {clock.Elapsed}");
            // Nobody was taken for dead on the way.
            await using var connection = await redis.ConnectAsync();
            var members = await connection.GetDatabase().HashGetAllAsync("agentgrid/members/agentgrid");
            Assert.Equal(count, members.Count(m => m.Name != "Version"));
            Assert.All(
                members.Where(m => m.Name != "Version"),
                m => Assert.Equal(3, JsonElement.Parse($"{m.Value}").GetProperty("Status").GetInt32()));
        }
        finally
        {
            await Task.WhenAll(silos.Select(s => s.DisposeAsync().AsTask()));
        }
    }

    [Theory]
    [InlineData("all")]
    [InlineData("silo")]
    [InlineData("api")]
    public async Task Start_PortForHttpIsTaken_EndsBeforeItJoinsTheCluster(string role)
    {
        await using var redis = await RedisServer.StartAsync();
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        await using var program = SiloProgram.LaunchAt(port, [], $"127.0.0.1:{redis.Port}", "--role", role, "--name", "mute");

        Assert.Equal(1, await program.Exited.WaitAsync(2 * Limits.Patience));

        Assert.Contains("address already in use", program.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", program.Output, StringComparison.Ordinal);
        await using var connection = await redis.ConnectAsync();
        var members = await connection.GetDatabase().HashGetAllAsync("agentgrid/members/agentgrid");
        Assert.DoesNotContain(members, m => m.Name != "Version");
    }

    [Fact]
    public async Task Start_RedisComesAFewSecondsLater_WaitsAndSaysSo()
    {
        await using var redis = await RedisServer.StartAsync();
        redis.Kill();
        await using var program = SiloProgram.Launch($"127.0.0.1:{redis.Port}", "--role", "silo", "--name", "early");
        await Limits.EventuallyAsync(
            () => new(program.Output.Contains("cannot be reached yet", StringComparison.Ordinal)),
            () => new(program.Output));

        await redis.RestartAsync();

        await SiloProgram.StartedAsync(program);
        await program.ReadyAsync();
    }
}
