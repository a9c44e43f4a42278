using System.Diagnostics;
using System.Globalization;

namespace AgentGrid.Cluster.Tests.Processes;

/// <summary>
/// The promises, held while processes of a cluster are killed, frozen and shut down under load.
/// <c>AGENTGRID_KILL_ROUNDS</c> says how often each of it is done (default 1).
/// </summary>
[Trait("Lane", "Alone")]
[Collection(nameof(KilledMembersTests))]
[CollectionDefinition(nameof(KilledMembersTests), DisableParallelization = true)]
public sealed class KilledMembersTests(ClusterProcesses cluster) : IClassFixture<ClusterProcesses>
{
    // It takes two seconds and six. What would go on by chance alone, because runs are looked after regularly or because
    // a call is out of time, takes thirty.
    private static readonly TimeSpan AfterKill = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan AfterFreeze = TimeSpan.FromSeconds(22);

    // A client that does not answer for so long is gone, as silos see it.
    private static readonly TimeSpan ClientDrop = TimeSpan.FromSeconds(11);
    private static int s_loads;

    private static int Rounds =>
        int.TryParse(
            Environment.GetEnvironmentVariable("AGENTGRID_KILL_ROUNDS"), CultureInfo.InvariantCulture, out var n) ? n : 1;

    [Theory]
    [InlineData(ClusterProcesses.Cpu1)]
    [InlineData(ClusterProcesses.Gpu1)]
    public Task Kill_Silo_ItsRunsGoOnElsewhere(string silo) => RoundsAsync($"kill {silo}", async (disturbance, _) =>
    {
        disturbance.Strike();
        await cluster[silo].KillAsync();
        // Nobody else can do what it does; so its supervisor starts it again.
        if (silo == ClusterProcesses.Gpu1)
        {
            await cluster.StartAsync(silo);
            disturbance.Replaced();
        }
        await disturbance.GoesOnAsync();
        disturbance.CheckWentOnWithin(AfterKill);
    });

    [Fact]
    public Task Kill_SiloOfTheDispatcher_ItIsBuiltElsewhere() => RoundsAsync("kill dispatcher", async (disturbance, _) =>
    {
        var silo = await DispatcherAsync();
        disturbance.Strike();
        await cluster[silo].KillAsync();
        await cluster.StartAsync(silo);
        disturbance.Replaced();
        await disturbance.GoesOnAsync();
        disturbance.CheckWentOnWithin(AfterKill);
    });

    [Fact]
    public Task Kill_SiloOfTheStream_AnotherReadsItOn() => RoundsAsync("kill stream", async (disturbance, _) =>
    {
        var silo = await cluster.StreamIsOnAsync();
        disturbance.Strike();
        await cluster[silo].KillAsync();
        if (silo == ClusterProcesses.Gpu1)
        {
            await cluster.StartAsync(silo);
            disturbance.Replaced();
        }
        await cluster.StreamFlowsAsync();
        disturbance.CheckHappenedWithin(AfterKill, "the stream flows");
        await disturbance.GoesOnAsync();
    });

    [Fact]
    public async Task Kill_SiloOfTheDispatcher_DrainedAgentStaysDrained()
    {
        await cluster.RepairAsync();
        await cluster.PostAsync("api/v1/agents/delay/drain");

        var silo = await DispatcherAsync();
        await cluster[silo].KillAsync();
        await cluster.EventuallyAsync(
            async () => cluster.DispatcherIsOn() is not null && (await cluster.NodesAsync()).Length == 2,
            () => Task.FromResult("the dispatcher was not built elsewhere"));

        Assert.True(await IsDrainedAsync());
        await cluster.StartAsync(silo);
        Assert.True(await IsDrainedAsync());
        await cluster.PostAsync("api/v1/agents/delay/undrain");
        Assert.False(await IsDrainedAsync());
    }

    [Fact]
    public Task Kill_Api_FeedGoesOnWithoutGap() => RoundsAsync("kill api", async (disturbance, _) =>
    {
        disturbance.Strike();
        await cluster[ClusterProcesses.Api].KillAsync();
        await cluster.StartAsync(ClusterProcesses.Api);
        await disturbance.GoesOnAsync();
    });

    [Fact]
    public Task Kill_Redis_NothingIsLost() => RoundsAsync("kill redis", async (disturbance, load) =>
    {
        disturbance.Strike();
        cluster.Redis.Kill();
        // Away for long enough that callers notice.
        try
        {
            await load.RefusesAsync();
        }
        finally
        {
            await cluster.Redis.RestartAsync();
        }
        await disturbance.GoesOnAsync();
    });

    [Fact]
    public Task Stop_Silo_IsReplacedAndComesBackAsAnother() => RoundsAsync("freeze cpu1", async (disturbance, _) =>
    {
        var frozen = cluster[ClusterProcesses.Cpu1];
        disturbance.Strike();
        await frozen.SignalAsync(GridProcess.Stop);
        await disturbance.GoesOnAsync();
        disturbance.CheckWentOnWithin(AfterFreeze);
        // Nothing may have run there; then nobody has waited for its death.
        await GoneAsync(ClusterProcesses.Cpu1);

        await frozen.SignalAsync(GridProcess.Continue);

        Assert.Equal(ClusterProcesses.DeclaredDeadExitCode, await frozen.ExitCodeAsync());
        Assert.Contains(frozen.Lines, l => l.Text.Contains("crit: ", StringComparison.Ordinal));
    });

    [Fact]
    public Task Stop_ApiForLongerThanTheStreamGoesBack_FeedGoesOnWithoutGap() =>
        RoundsAsync("freeze api", FreezeApiAsync);

    private async Task FreezeApiAsync(Disturbance disturbance, Load load)
    {
        var api = cluster[ClusterProcesses.Api];
        disturbance.Strike();
        await api.SignalAsync(GridProcess.Stop);
        var frozen = Stopwatch.StartNew();
        try
        {
            await using var redis = await cluster.Redis.ConnectAsync();
            await load.FloodAsync(redis, cluster.Feed.LastSeq);
            // Until silos have forgotten it.
            await Task.Delay(ClientDrop > frozen.Elapsed ? ClientDrop - frozen.Elapsed : TimeSpan.Zero);
        }
        finally
        {
            load.ApiStoodStillFor(frozen.Elapsed);
            await api.SignalAsync(GridProcess.Continue);
        }
        await disturbance.GoesOnAsync();
    }

    [Fact]
    public Task Term_Silo_WhatRunsThereEndsThere() => RoundsAsync("drain cpu2", async (disturbance, _) =>
    {
        disturbance.Strike();
        await cluster[ClusterProcesses.Cpu2].SignalAsync(GridProcess.Terminate);
        await GoneAsync(ClusterProcesses.Cpu2);
        var known = DateTimeOffset.UtcNow;
        Assert.Equal(0, await cluster[ClusterProcesses.Cpu2].ExitCodeAsync());
        await disturbance.GoesOnAsync();
        disturbance.CheckDrained(ClusterProcesses.Cpu2, known);
    });

    [Fact]
    public Task Kill_AllSilos_RunsGoOnWhenTheyAreBack() => RoundsAsync("kill all silos", async (disturbance, _) =>
    {
        disturbance.Strike();
        await Task.WhenAll(ClusterProcesses.Silos.Select(s => cluster[s].KillAsync()));
        await cluster.StartAsync([.. ClusterProcesses.Silos]);
        await disturbance.GoesOnAsync();
    });

    // What it has written may be read a moment later.
    private async Task<string> DispatcherAsync()
    {
        await cluster.EventuallyAsync(
            () => Task.FromResult(cluster.DispatcherIsOn() is not null), () => Task.FromResult("no silo has the dispatcher"));
        return cluster.DispatcherIsOn()!;
    }

    // Until it takes no attempts any more, as far as the dispatcher knows.
    private Task GoneAsync(string silo) => cluster.EventuallyAsync(
        async () => !(await cluster.NodesAsync()).Contains(silo), () => Task.FromResult($"{silo} takes attempts"));

    private async Task<bool> IsDrainedAsync() => (await cluster.GetAsync("api/v1/agents")).GetProperty("agents")
        .EnumerateArray().Single(a => a.GetProperty("name").GetString() == "delay").GetProperty("drained").GetBoolean();

    private async Task RoundsAsync(string what, Func<Disturbance, Load, Task> disturb)
    {
        for (var round = 1; round <= Rounds; round++)
        {
            using var load = new Load(
                cluster, $"m{Interlocked.Increment(ref s_loads).ToString(CultureInfo.InvariantCulture)}");
            using var disturbance = new Disturbance(cluster, load);
            try
            {
                await disturbance.BeginAsync();
                await disturb(disturbance, load);
                // Not only what the feed looks up in the run log.
                await cluster.StreamFlowsAsync();
                Console.WriteLine($"{what}: {await disturbance.EndAsync()}");
            }
            catch (Exception e)
            {
                cluster.HasFailed = true;
                var output = cluster.OutputSince(disturbance.At - TimeSpan.FromSeconds(1));
                throw new InvalidOperationException($"{what}, round {round} of {Rounds}: {e.Message}\n{output}", e);
            }
        }
    }
}
