using AgentGrid.Cluster.Tests.Hosting;
using AgentGrid.Conformance;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.GrainInterfaces.Dispatch;

namespace AgentGrid.Cluster.Tests.Placement;

/// <summary>Where attempts run, on silos of different hardware.</summary>
public sealed class PlacementTests : IDisposable
{
    private const int Runs = 60;
    private readonly Stage _stage = new();

    public void Dispose() => _stage.Dispose();

    [Fact]
    public async Task Place_GpuAgents_NeverWhereTheirQueueOrMemoryIsNot()
    {
        await using var silos = await PlacementSilos.StartAsync(("general", []), ("gpu", [24_000]), ("gpu", [2_000]));

        var attempts = await silos.EndAsync(await PostAsync(silos, Runs, n => (n % 3) switch
        {
            0 => "small",
            1 => "large",
            _ => "worker",
        }));

        Assert.All(attempts.Where(a => a.Agent == "worker"), a => Assert.Equal("Silo_0", a.Node));
        Assert.All(attempts.Where(a => a.Agent == "large"), a => Assert.Equal("Silo_1", a.Node));
        Assert.All(attempts.Where(a => a.Agent == "small"), a => Assert.Contains(a.Node, new[] { "Silo_1", "Silo_2" }));
        Assert.Equal(0, _stage.MostOf("Silo_0"));
        Assert.InRange(_stage.MostOf("Silo_1"), 1, 24_000);
        Assert.InRange(_stage.MostOf("Silo_2"), 0, 2_000);
    }

    [Fact]
    public async Task Place_OneNodeIsBusier_GoesToTheOther_AndBackWhenThatFlips()
    {
        await using var silos = await PlacementSilos.StartAsync(("general", []), ("general", []));
        _stage.Holds = true;

        // All that both can take: from then on the agent is loaded on both, which would otherwise speak for one.
        var runs = await PostAsync(silos, 16, _ => "worker");
        await RunningAsync(8, 8);
        await WarmAsync(silos, "worker");
        await EmptyAsync(silos, "Silo_0");
        await EmptyAsync(silos, "Silo_1");
        runs.AddRange(await PostAsync(silos, 8, _ => "worker"));
        await RunningAsync(4, 4);

        // There is room on both; only that one is busier speaks for the other.
        await EmptyAsync(silos, "Silo_1");
        runs.AddRange(await PostAsync(silos, 3, _ => "worker"));
        await RunningAsync(4, 3);
        await EmptyAsync(silos, "Silo_0");
        runs.AddRange(await PostAsync(silos, 2, _ => "worker"));
        await RunningAsync(2, 3);

        _stage.Leave("Silo_0");
        _stage.Leave("Silo_1");
        await silos.EndAsync(runs);
    }

    [Fact]
    public async Task Place_AgentsOfDifferentMemory_NeverOverCommitsANode()
    {
        await using var silos = await PlacementSilos.StartAsync(("gpu", [10_000]), ("gpu", [6_000, 4_500]));
        string[] sizes = ["small", "medium", "large"];

        await silos.EndAsync(await PostAsync(silos, 3 * Runs, n => sizes[Random.Shared.Next(sizes.Length)]));

        // More than one at a time, or nothing is proved.
        Assert.InRange(_stage.MostOf("Silo_0"), 5_000, 10_000);
        Assert.InRange(_stage.MostOf("Silo_1"), 5_000, 10_500);
        Assert.All(_stage.TogetherOn("Silo_1"), agents => Assert.True(
            Fit([.. agents.Select(Sizes.Of)], 6_000, 4_500),
            $"on GPUs of 6,000 and 4,500 MiB: {string.Join(", ", agents)}"));
    }

    [Fact]
    public async Task Place_LabelsAndAnIllNode_AreHeeded()
    {
        await using var silos = await PlacementSilos.StartAsync(("general", []), ("general", []));
        await PreferAsync(silos);
        await FailOnOneNodeAsync(silos);
    }

    // Each label is one node's.
    private async Task PreferAsync(PlacementSilos silos)
    {
        foreach (var zone in (string[])["z1", "z0"])
        {
            var run = await silos.PostPlanAsync(
                _stage, """{"steps": {"a": {"capability": "work", "route": {"prefer": {"zone": {"text": "ZONE"}}}}}}""".Replace("ZONE", zone, StringComparison.Ordinal));

            var attempt = Assert.Single(await silos.EndAsync([run]));

            Assert.Equal($"Silo_{zone[1]}", attempt.Node);
            Assert.StartsWith($"prefers zone={zone}: matches; ", attempt.Placement!.Why, StringComparison.Ordinal);
            Assert.StartsWith($"prefers zone={zone}: matches; ", attempt.Decision!.Why, StringComparison.Ordinal);
        }
        var dry = await silos.Grid.RouteAsync(new RouteQuery(["work"], Prefer: Labels.Of(("zone", "z1"))) { Within = TimeSpan.FromSeconds(5) });
        Assert.Equal("zone=z1", Assert.Single(dry.Candidates).Matches);
    }

    private async Task FailOnOneNodeAsync(PlacementSilos silos)
    {
        _stage.BrokenOn = "Silo_0";
        var tries = await silos.PostPlanAsync(
            _stage, """{"steps": {"a": {"agent": "worker", "retry": {"max_attempts": 30, "backoff": "10ms", "max_backoff": "50ms"}}}}""");
        var ended = await silos.Grid.WaitForEndAsync(tries, Limits.Patience);
        Assert.Equal(RunStatus.Completed, ended!.Summary.Status);

        // Found out by that run, or by others that go there: from then on all go to the other.
        for (var i = 0; i < 5; i++)
        {
            await silos.Grid.WaitForEndAsync(await silos.PostAsync(_stage, "worker"), Limits.Patience);
        }
        var failing = (await silos.Grid.GetNodesAsync()).ToDictionary(static n => n.Name, static n => n.Failing);
        Assert.Equal("worker", Assert.Single(failing["Silo_0"]).Agent);
        Assert.Empty(failing["Silo_1"]);
        var attempts = await silos.EndAsync(await PostAsync(silos, 8, _ => "worker"));
        Assert.All(attempts, static a => Assert.Equal("Silo_1", a.Node));
        Assert.Matches("^failing: \\d+ in a row, next try in ", attempts[0].Placement!.Candidates[^1].Note);

        var agent = (await silos.Grid.GetAgentsAsync()).Single(static a => a.Config.Name == "worker");
        Assert.Null(agent.Failing);
        Assert.Equal("Silo_0", Assert.Single(agent.FailingNodes).Node);
        var last = Assert.Single(agent.LastFailures);
        Assert.Equal(("Silo_0", "no_disk", "The disk is full."), (last.Node, last.Code, last.Message));
        var dry = await silos.Grid.RouteAsync(new RouteQuery([], "worker"));
        Assert.StartsWith("on node 'Silo_0' failing: ", Assert.Single(dry.Candidates).Note, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AcquireSlot_CallerHasFoundItsNodeGone_IsGrantedOnAnother()
    {
        await using var silos = await PlacementSilos.StartAsync(("general", []), ("general", []));

        // Again and again, and always where the data is: as long as the node itself has not spoken again.
        foreach (var gone in new[] { "Silo_0", "Silo_1" })
        {
            await RunningNodesAsync(silos, 2);
            var reply = await silos.Dispatcher.GrantedAsync(new SlotRequest
            {
                Slot = $"run/a/1#{gone}",
                Agent = "worker",
                Priority = 0,
                Deadline = DateTimeOffset.MaxValue,
                Near = gone,
                Gone = gone,
            });

            Assert.NotEqual(gone, reply.Node);
        }
    }

    // Whether they can be spread over two GPUs.
    private static bool Fit(ReadOnlySpan<long> sizes, long first, long second) =>
        sizes.IsEmpty
            ? first >= 0 && second >= 0
            : Fit(sizes[1..], first - sizes[0], second) || Fit(sizes[1..], first, second - sizes[0]);

    private async Task<List<RunId>> PostAsync(PlacementSilos silos, int count, Func<int, string> agent) =>
        [.. await Task.WhenAll(Enumerable.Range(0, count).Select(n => silos.PostAsync(_stage, agent(n))))];

    private Task RunningAsync(int first, int second) => Limits.EventuallyAsync(
        () => new(Count("Silo_0") == first && Count("Silo_1") == second),
        () => new($"{Count("Silo_0")} on the first node, {Count("Silo_1")} on the second; expected {first}, {second}"));

    // A node that lives has spoken again within a second.
    private static Task RunningNodesAsync(PlacementSilos silos, int count) => Limits.EventuallyAsync(
        async () => (await silos.Dispatcher.GetHealthAsync()).Nodes.Length == count, () => new("a node is missing"));

    // Until every node has said that the agent is loaded there.
    private static Task WarmAsync(PlacementSilos silos, string agent) => Limits.EventuallyAsync(
        async () => (await silos.Grid.GetNodesAsync()).All(n => n.WarmAgents.Contains(agent)),
        () => new($"'{agent}' is not loaded everywhere"));

    private int Count(string node) => _stage.Running.Values.Count(n => n == node);

    // Ends what runs on a node, and returns when the dispatcher knows of it.
    private async Task EmptyAsync(PlacementSilos silos, string node)
    {
        _stage.Leave(node);
        await Limits.EventuallyAsync(
            async () => (await silos.Grid.GetNodesAsync()).Single(n => n.Name == node).Running == 0,
            () => new($"{node} is busy"));
    }
}
