using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using AgentGrid.Api.Security;
using AgentGrid.Cluster.Tests.Hosting;
using AgentGrid.Conformance;

namespace AgentGrid.Cluster.Tests.Silo;

public sealed class SiloProgramTests : IAsyncLifetime
{
    private const string Counters = "/dashboard/DashboardCounters";
    private readonly string _cluster = $"program-{Guid.NewGuid():N}";

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await SharedRedis.ForgetAsync(_cluster);

    [Fact]
    public async Task All_OneProcess_DoesEverything()
    {
        await using var program = await SiloProgram.StartAsync(_cluster);

        var run = await program.PostAsync("m", "echo", new { word = "hello" }, toTheEnd: true);

        Assert.Equal("completed", run.GetProperty("status").GetString());
        var output = run.GetProperty("steps")[0].GetProperty("output").GetRawText();
        Assert.Contains("hello", output, StringComparison.Ordinal);
        await program.ReadyAsync();
        Assert.Contains("\"engine\":\"orleans\"", (await program.GetAsync("/health")).Text, StringComparison.Ordinal);
        Assert.Contains(_cluster, program.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stop_AnAttemptRuns_IsFinishedAndRecorded()
    {
        var (runId, wasSeen) = ("", false);
        // On a machine that stands still it may have ended before anybody looks: then again with one that takes longer.
        for (var ms = 2_000; !wasSeen && ms < 20_000; ms *= 3)
        {
            (runId, wasSeen) = await StopWhileOneRunsAsync(ms);
        }
        Assert.True(wasSeen, "Nobody has seen it not ready, and still there.");
        await using var next = await SiloProgram.StartAsync(_cluster);
        var run = await next.GetAsync($"/api/v1/runs/{runId}");
        Assert.Contains("\"status\":\"completed\"", run.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("\"losses\":1", run.Text, StringComparison.Ordinal);
    }

    // The run, and whether the program was seen while it was not ready any more.
    private async Task<(string RunId, bool WasSeen)> StopWhileOneRunsAsync(int ms)
    {
        await using var program = await SiloProgram.StartAsync(_cluster);
        var posted = await program.PostAsync($"m{ms}", "delay", new { ms });
        var runId = posted.GetProperty("run_id").GetString()!;
        await Limits.EventuallyAsync(
            async () => (await RunAsync()).Contains("\"node\":", StringComparison.Ordinal), async () => await RunAsync());

        await program.SignalAsync(GridProcess.Terminate);
        var wasSeen = false;
        await Limits.EventuallyAsync(
            async () => (wasSeen = await IsNotReadyAsync(program)) || program.Exited.IsCompleted,
            () => new($"It stays ready:\n{program.Output}"));

        Assert.Equal(0, await program.Exited.WaitAsync(Limits.Patience));
        return (runId, wasSeen);

        async Task<string> RunAsync() => (await program.GetAsync($"/api/v1/runs/{runId}")).Text;
    }

    private static async Task<bool> IsNotReadyAsync(SiloProgram program)
    {
        try
        {
            return (await program.GetAsync("/health/ready")).Status == HttpStatusCode.ServiceUnavailable;
        }
        catch (HttpRequestException)
        {
            return false; // it ends, or has ended
        }
    }

    [Fact]
    public async Task Stop_RedisGone_EndsAllTheSame()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var program = SiloProgram.Launch(
            $"127.0.0.1:{redis.Port}", "--AgentGrid:DrainTimeout", "00:00:01");
        await Limits.EventuallyAsync(
            () => ValueTask.FromResult(program.Output.Contains("listens on", StringComparison.Ordinal)),
            () => new(program.Output));
        redis.Kill();

        await program.SignalAsync(GridProcess.Terminate);

        await program.Exited.WaitAsync(Limits.Patience);
    }

    [Theory]
    [InlineData("another")]
    [InlineData("same")]
    public async Task Start_PortOfADeadSiloIsTakenBySomebodyElse_DoesNotWaitForIt(string name)
    {
        var port = FreePorts.Next();
        await using (var killed = await SiloProgram.StartAsync(_cluster, "--silo-port", $"{port}", "--name", "same"))
        {
            await killed.SignalAsync(GridProcess.Kill);
            await killed.Exited;
        }
        using var somebody = new TcpListener(IPAddress.Loopback, port);
        somebody.Start();

        await using var program = await SiloProgram.StartAsync(_cluster, "--name", name);

        await program.ReadyAsync();
    }

    [Fact]
    public async Task Redis_PrimaryDiesAndItsReplicaIsPromoted_GoesOnByItself()
    {
        await using var primary = await RedisServer.StartAsync("--repl-diskless-sync-delay", "0");
        await using var replica = await RedisServer.StartAsync("--replicaof", $"127.0.0.1 {primary.Port}");
        await using var admin = await replica.ConnectAsync();
        await Limits.EventuallyAsync(
            async () => $"{await admin.GetDatabase().ExecuteAsync("INFO", "replication")}".Contains(
                "master_link_status:up", StringComparison.Ordinal),
            () => new("the replica has not connected"));
        await using var program = await SiloProgram.StartedAsync(
            SiloProgram.Launch($"127.0.0.1:{primary.Port},127.0.0.1:{replica.Port}"));
        var before = await program.PostAsync("before", "echo", new { }, toTheEnd: true);
        await using (var connection = await primary.ConnectAsync())
        {
            Assert.Equal(1, (int)await connection.GetDatabase().ExecuteAsync("WAIT", 1, 30_000));
        }

        primary.Kill();
        await admin.GetDatabase().ExecuteAsync("REPLICAOF", "NO", "ONE");

        var after = await program.PostAsync("after", "echo", new { }, toTheEnd: true);
        Assert.Equal("completed", after.GetProperty("status").GetString());
        var kept = await program.GetAsync($"/api/v1/runs/{before.GetProperty("run_id").GetString()}");
        Assert.Contains("\"status\":\"completed\"", kept.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--silo-port")]
    [InlineData("--gateway-port")]
    public async Task Start_APortThatIsTaken_IsRefusedWithASentence(string option)
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        await using var program = SiloProgram.Launch(SharedRedis.Address, "--cluster-id", _cluster, option, $"{port}");

        Assert.Equal(1, await program.Exited.WaitAsync(Limits.Patience));
        Assert.Contains($"Port {port} is taken on this machine: name another with {option}", program.Output);
        Assert.DoesNotContain("   at ", program.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_AVariableThatIsMisspelt_IsRefusedWhenItIsAboutAccess()
    {
        await using var program = SiloProgram.LaunchIn(
            new() { ["AGENTGRID_API_KEY_HSAH"] = "x", ["AGENTGRID_SILO_PORT"] = "tcp://10.0.0.7:11111" }, "127.0.0.1:1");

        Assert.Equal(2, await program.Exited.WaitAsync(Limits.Patience));
        Assert.Contains("Did you mean AGENTGRID_API_KEY_HASH?", program.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("AGENTGRID_SILO_PORT", program.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_NameOfARunningSilo_IsRefused()
    {
        await using var first = await SiloProgram.StartAsync(_cluster, "--name", "one");

        await using var second = SiloProgram.Launch(SharedRedis.Address, "--cluster-id", _cluster, "--name", "one");

        Assert.Equal(1, await second.Exited.WaitAsync(Limits.Patience));
        Assert.Contains("The name 'one' is taken", second.Output, StringComparison.Ordinal);
        await first.ReadyAsync();
    }

    [Fact]
    public async Task Silo_WithAddress_ShowsHealthAndNoApi()
    {
        await using var program = await SiloProgram.StartAsync(_cluster, "--role", "silo", "--name", "cpu1");

        await program.ReadyAsync();
        var health = await program.GetAsync("/health");

        Assert.Equal(HttpStatusCode.OK, health.Status);
        Assert.Contains("\"node\":\"cpu1\"", health.Text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await program.GetAsync("/health/live")).Status);
        Assert.Equal(HttpStatusCode.OK, (await program.GetAsync("/metrics")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await program.GetAsync("/api/v1/runs")).Status);
    }

    [Fact]
    public async Task Api_BeforeTheFirstSilo_IsThereAndFindsItLater()
    {
        await using var api = await SiloProgram.StartAsync(_cluster, "--role", "api");
        Assert.Equal(HttpStatusCode.OK, (await api.GetAsync("/health/live")).Status);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await api.GetAsync("/health/ready")).Status);

        await using var silo = await SiloProgram.StartAsync(_cluster, "--role", "silo");
        await api.ReadyAsync();

        var run = await api.PostAsync("m", "echo", new { word = "x" }, toTheEnd: true);
        Assert.Equal("completed", run.GetProperty("status").GetString());
    }

    [Theory]
    [InlineData("all")]
    [InlineData("api")]
    [InlineData("silo")]
    public async Task Dashboard_WithKeys_AsksForOneThatMaySubmit(string role)
    {
        var (reader, writer) = (KeyHash.NewKey(), KeyHash.NewKey());
        await using var silo = role == "api" ? await SiloProgram.StartAsync(_cluster, "--role", "silo") : null;
        await using var program = await SiloProgram.StartAsync(
            _cluster, "--role", role, "--name", "shown",
            "--AgentGrid:ApiKeys:0:Name", "reader", "--AgentGrid:ApiKeys:0:Hash", KeyHash.Of(reader),
            "--AgentGrid:ApiKeys:0:Scopes:0", "read", "--api-key-hash", KeyHash.Of(writer));
        // One of role api has nothing to show before it is connected.
        await program.ReadyAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, (await program.GetAsync("/dashboard/")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await program.GetAsync("/dashboard/ClusterStats")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await program.GetAsync("/dashboard/", $"Bearer {reader}")).Status);
        Assert.Equal(HttpStatusCode.OK, (await program.GetAsync("/dashboard/", $"Bearer {writer}")).Status);
        await Limits.EventuallyAsync(
            async () => (await program.GetAsync(Counters, Basic(writer))).Status == HttpStatusCode.OK,
            async () => (await program.GetAsync(Counters, Basic(writer))).Text);
        // A browser would send it along with whatever any page asks for.
        Assert.Equal(HttpStatusCode.Unauthorized, (await program.GetAsync("/health", Basic(writer))).Status);
    }

    [Fact]
    public async Task Dashboard_OfASilo_ShowsWhatOrleansCounts()
    {
        await using var silo = await SiloProgram.StartAsync(_cluster, "--role", "silo");
        await using var api = await SiloProgram.StartAsync(_cluster, "--role", "api");
        await api.ReadyAsync();
        await Limits.EventuallyAsync(async () => await HostsAsync(api) > 0, () => new("the dashboard has no hosts"));
        var address = JsonDocument.Parse((await api.GetAsync(Counters)).Text).RootElement
            .GetProperty("hosts")[0].GetProperty("siloAddress").GetString();

        await Limits.EventuallyAsync(
            async () => (await api.GetAsync($"/dashboard/SiloCounters/{address}")).Text
                .Contains("orleans-app-requests-latency", StringComparison.Ordinal),
            async () => (await api.GetAsync($"/dashboard/SiloCounters/{address}")).Text);
    }

    [Fact]
    public async Task Clusters_OfDifferentIdsInOneRedis_KnowNothingOfEachOther()
    {
        var (eastId, westId) = ($"{_cluster}-east", $"{_cluster}-west");
        // Neither may touch what is the other's: not a key, and not a channel.
        await using var east = await SiloProgram.StartedAsync(await LaunchWithOwnUserAsync(eastId));
        await using var west = await SiloProgram.StartedAsync(await LaunchWithOwnUserAsync(westId));

        await east.PostAsync("m", "echo", new { side = "east" }, toTheEnd: true);
        var run = await west.PostAsync("m", "echo", new { side = "west" }, toTheEnd: true);

        Assert.Contains("west", run.GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain("east", (await west.GetAsync("/api/v1/runs")).Text, StringComparison.Ordinal);
        Assert.DoesNotContain("NOPERM", east.Output + west.Output, StringComparison.Ordinal);
        // The dashboard has its counters some time after the silo is there.
        await Limits.EventuallyAsync(async () => await HostsAsync(west) > 0, () => new("the dashboard has no hosts"));
        Assert.Equal(1, await HostsAsync(west));
        await east.SignalAsync(GridProcess.Kill);
        await east.Exited;
        var after = await west.PostAsync("after", "echo", new { }, toTheEnd: true);
        Assert.Equal("completed", after.GetProperty("status").GetString());
    }

    private static async Task<SiloProgram> LaunchWithOwnUserAsync(string cluster)
    {
        await using var admin = await SharedRedis.Server.ConnectAsync();
        await admin.GetDatabase().ExecuteAsync(
            "ACL", "SETUSER", cluster, "on", ">password", $"~{{{cluster}}}*", $"~{cluster}/*", $"&{{{cluster}}}*",
            $"&{cluster}:events", "+@all", "-@admin", "-@dangerous");
        return SiloProgram.Launch(
            $"{SharedRedis.Address},user={cluster},password=password", "--cluster-id", cluster, "--name", "same",
            "--AgentGrid:Channel", $"{cluster}:events");
    }

    private static async Task<int> HostsAsync(SiloProgram program)
    {
        var (status, text) = await program.GetAsync(Counters);
        return status == HttpStatusCode.OK
            ? JsonDocument.Parse(text).RootElement.GetProperty("hosts").GetArrayLength()
            : 0;
    }

    private static string Basic(string key) => $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"me:{key}"))}";
}
