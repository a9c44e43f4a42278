using AgentGrid.Cli.Tests.Hosting;
using AgentGrid.Core;

namespace AgentGrid.Cli.Tests;

/// <summary>Where attempts run, and why there.</summary>
public sealed class NodesTests : IAsyncLifetime
{
    private readonly GridHost _cluster = new() { IsCluster = true };

    public ValueTask InitializeAsync() => _cluster.InitializeAsync();

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task Nodes_OfACluster_HaveWhatRunsAndWhatIsLeft()
    {
        var people = await _cluster.Tool().RunAsync("nodes");
        var json = await _cluster.Tool().RunAsync("nodes", "--json");

        Assert.Equal((ExitCode.Ok, 4), (people.Exit, people.Lines.Count));
        Assert.Matches("^cpu1 +general +3 +- +- +echo 1, perception 2 +echo, perception +20", people.Lines[1]);
        Assert.Matches(
            "^gpu1 +gpu +4 +gpu 4/8 +"
            + "0: 13312 of 24576 MiB free \\(8192 leased, 10240 used here, 1024 by others\\), "
            + "1: 16384 of 24576 MiB free \\(8192 leased, 6144 used here, 0 by others\\) "
            + "+motion_generator 4 +motion_generator +20",
            people.Lines[2]);
        Assert.EndsWith("zone=eu; motion_generator failing: 5 in a row, next try in 12 s", people.Lines[2].TrimEnd(), StringComparison.Ordinal);
        Assert.Matches("^gpu2 \\(draining\\) +gpu +8 +gpu 8/8 +0: 0 of 24576 MiB free \\(22528 leased, ", people.Lines[3]);
        Assert.Equal(3, json.Json.GetProperty("nodes").GetArrayLength());
        Assert.Equal(8L << 30, json.Json.GetProperty("nodes")[1].GetProperty("gpus")[0].GetProperty("leased_bytes").GetInt64());
    }

    [Fact]
    public async Task Nodes_OneThatIsNotHeardOf_IsSilent()
    {
        _cluster.Cluster.Nodes = () => [.. ClusterOnPaper.Example(DateTimeOffset.UtcNow).Select(n => n with { Silent = true })];

        var people = await _cluster.Tool().RunAsync("nodes");

        Assert.Matches("^cpu1 \\(silent\\) ", people.Lines[1]);
        Assert.Matches("^gpu2 \\(silent\\) ", people.Lines[3]);
    }

    [Fact]
    public async Task Nodes_OfTheEmbeddedEngine_AreItsProcess()
    {
        await using var host = new GridHost();
        await host.InitializeAsync();

        var people = await host.Tool().RunAsync("nodes");

        Assert.Equal(2, people.Lines.Count);
        Assert.Contains(" all ", people.Lines[1]);
        Assert.Contains(" not accounted for ", people.Lines[1]);
    }

    [Fact]
    public async Task Agents_OneThatIgnoresItsCancellation_NamesTheAttemptsThatHaveItsSlots()
    {
        var cancelledAt = new DateTimeOffset(2026, 1, 5, 10, 0, 0, TimeSpan.Zero);
        _cluster.Cluster.Abandoned =
        [
            new(RunId.From(Guid.Empty), "m", "1", "motion", 2, "gpu1", cancelledAt, null),
            new(RunId.From(Guid.Empty), "m", "2", "motion", 1, "gpu1", cancelledAt, cancelledAt.AddSeconds(10)),
        ];

        var people = await _cluster.Tool().RunAsync("agents");

        Assert.Equal(
            [
                "echo has not returned from attempt 2 of step 'motion' of m/1 on node 'gpu1': " +
                "told to stop at 2026-01-05 10:00:00Z, its slot is free again",
                "echo has not returned from attempt 1 of step 'motion' of m/2 on node 'gpu1': " +
                "told to stop at 2026-01-05 10:00:00Z, holds its slot until 2026-01-05 10:00:10Z",
                "echo has not returned from 3 attempts in all",
            ],
            people.Lines.TakeLast(3));
    }

    [Fact]
    public async Task Show_PlacedAttempt_NamesItsNodeAndTheReason()
    {
        var posted = await new Tool(_cluster.Url)
        {
            Input = """{"match_id":"placed","round":"1","plan":{"steps":{"only":{"agent":"echo"}}}}""",
        }.RunAsync("run", "-", "--wait");
        Assert.Equal(ExitCode.Ok, posted.Exit);

        var run = await _cluster.Tool().RunAsync("show", "placed/1");
        var step = await _cluster.Tool().RunAsync("show", "placed/1", "--step", "only");

        Assert.Contains("gpu1, GPU 1: the agent is loaded there; next is 'gpu2'", run.Out);
        Assert.Contains("nodes for attempt 1: the agent is loaded there; next is 'gpu2'", step.Out);
        Assert.Contains(step.Lines, l => l.StartsWith('>') && l.Contains("echo"));
        Assert.Contains(step.Lines, l => l.StartsWith('>') && l.Contains("14336 MiB"));
        Assert.Contains(step.Lines, l => l.Contains("cpu1") && l.Contains("does not serve queue 'gpu'"));
    }
}
