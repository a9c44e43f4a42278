using System.Diagnostics;
using AgentGrid.Cluster.Tests.Silo;
using AgentGrid.Conformance;

namespace AgentGrid.Cluster.Tests.Members;

/// <summary>
/// Silos whose place in the cluster is in danger: the table of members is lost, or Redis is, to one of them or to all.
/// No run is lost, and no silo goes on alone and says that it is well.
/// </summary>
[Trait("Lane", "Alone")]
[Collection(nameof(MembersTests))]
[CollectionDefinition(nameof(MembersTests), DisableParallelization = true)]
public sealed class MembersTests(TwoSilos cluster) : IClassFixture<TwoSilos>
{
    private const int LeftTheCluster = 70;
    private static int s_matches;

    [Fact]
    public async Task Members_TheTableIsDeleted_AreInItAgainAndFindWhoJoins()
    {
        await cluster.RepairAsync();
        var runs = await cluster.PostAsync(Matches(8), "1", ms: 3_000);
        // One that joined just now may not be known yet to whoever writes the table again, and then ends.
        await Task.Delay(TimeSpan.FromSeconds(2));

        await cluster.Database.KeyDeleteAsync(TwoSilos.Table);

        var clock = Stopwatch.StartNew();
        await using var third = cluster.Launch("third");
        await AreMembersAsync("first", "second");
        Console.WriteLine($"members: a deleted table is there again after {clock.Elapsed}");
        await SiloProgram.StartedAsync(third);
        await AreMembersAsync("first", "second", "third");
        await cluster.AreNodesAsync("first", "second", "third");
        await SeesAsync(cluster.Second, 3);
        await SeesAsync(third, 3);
        Assert.DoesNotContain(
            await cluster.CompletedAsync(runs), r => r.GetRawText().Contains("\"losses\":1", StringComparison.Ordinal));
        Assert.Contains("[930]", cluster.First.Output + cluster.Second.Output, StringComparison.Ordinal);
        await third.SignalAsync(GridProcess.Terminate);
        Assert.Equal(0, await third.Exited.WaitAsync(Limits.Patience));
        Assert.False(cluster.First.Exited.IsCompleted || cluster.Second.Exited.IsCompleted);
    }

    [Fact]
    public async Task Members_TheTableIsDeletedAsOneJoins_ItIsAMemberOrEnds()
    {
        await cluster.RepairAsync();
        await using var third = cluster.Launch("third");
        await Limits.EventuallyAsync(
            async () => (await cluster.MembersAsync()).Contains("third"),
            () => new($"it has not joined\n{third.Output}"));

        await cluster.Database.KeyDeleteAsync(TwoSilos.Table);

        await AreMembersAsync("first", "second");
        await Limits.EventuallyAsync(
            async () => third.Exited.IsCompleted || (await cluster.MembersAsync()).Contains("third"),
            () => new($"it goes on alone\n{third.Output}"));
        if (third.Exited.IsCompleted)
        {
            Assert.Equal(LeftTheCluster, await third.Exited);
        }
        else
        {
            await third.SignalAsync(GridProcess.Terminate);
            Assert.Equal(0, await third.Exited.WaitAsync(Limits.Patience));
        }
        Assert.False(cluster.First.Exited.IsCompleted || cluster.Second.Exited.IsCompleted);
    }

    [Fact]
    public async Task Redis_IsLostByOneSiloAlone_ItEndsAndItsMatchesGoOnElsewhere()
    {
        await cluster.RepairAsync();
        var matches = Matches(12);
        var before = await cluster.PostAsync(matches, "1", ms: 2_000);
        var second = cluster.Second;
        var clock = Stopwatch.StartNew();
        try
        {
            cluster.Way.Cut();

            var posting = cluster.PostAsync(matches, "2", ms: 100);
            Assert.Equal(LeftTheCluster, await second.Exited.WaitAsync(Limits.Patience));
            Console.WriteLine($"members: who has lost Redis alone ends after {clock.Elapsed}");
            var after = await posting;
            Console.WriteLine($"members: the last post to its matches is accepted after {clock.Elapsed}");
            await cluster.CompletedAsync([.. before, .. after]);
        }
        finally
        {
            cluster.Way.Heal();
        }

        // On standard error for those who look there, and in the log.
        Assert.Equal(2, Count(second.Output, "and 'first' has; so its runs go on there"));
        Assert.Equal(1, Count(second.Output, "crit: "));
        Assert.False(cluster.First.Exited.IsCompleted);
    }

    [Fact]
    public async Task Redis_IsLostByAll_AllWaitAndGoOn()
    {
        await cluster.RepairAsync();
        var runs = await cluster.PostAsync(Matches(8), "1", ms: 1_000);

        SiloProgram[] silos = [cluster.First, cluster.Second];
        var warned = silos.Select(s => Count(s.Output, "[932]")).ToArray();
        cluster.Redis.Kill();
        try
        {
            await Limits.EventuallyAsync(
                () => new(silos.Zip(warned).All(s => Count(s.First.Output, "[932]") > s.Second)),
                () => new("nobody minds"));
            // Longer than one would wait that has lost it alone.
            await Task.Delay(TimeSpan.FromSeconds(4));
        }
        finally
        {
            await cluster.Redis.RestartAsync();
        }

        await cluster.CompletedAsync([.. runs, .. await cluster.PostAsync(Matches(8), "1", ms: 100)]);
        await Task.WhenAll(silos.Select(s => s.ReadyAsync()));
        Assert.DoesNotContain(silos, s => s.Exited.IsCompleted);
    }

    private static string[] Matches(int count) =>
        [.. Enumerable.Range(0, count).Select(_ => $"match-{Interlocked.Increment(ref s_matches)}")];

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    private Task AreMembersAsync(params string[] names) => Limits.EventuallyAsync(
        async () => names.All((await cluster.MembersAsync()).Contains),
        async () => $"the members are {string.Join(", ", await cluster.MembersAsync())}");

    private static Task SeesAsync(SiloProgram silo, int silos) => Limits.EventuallyAsync(
        async () => (await silo.GetAsync("/health")).Text.Contains($"\"silos\":{silos},", StringComparison.Ordinal),
        async () => (await silo.GetAsync("/health")).Text);
}
