using AgentGrid.Core.Agents;
using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Tests.Runs;

public sealed class BackoffTests
{
    private static readonly RetryPolicy Policy = new()
    {
        Backoff = TimeSpan.FromSeconds(1),
        MaxBackoff = TimeSpan.FromSeconds(10),
        Jitter = 0.5,
    };

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(4, 8)]
    [InlineData(5, 10)]
    [InlineData(1_000_000, 10)]
    public void After_WithoutJitter_DoublesUpToTheCap(int tries, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), Backoff.After(Policy with { Jitter = 0 }, tries, 1, 2, 3));

    [Fact]
    public void After_SameSeed_GivesTheSameWaitAndOthersSpreadOverTheJitter()
    {
        var waits = Enumerable.Range(0, 1_000).Select(seed => Backoff.After(Policy, 1, (ulong)seed, 2, 3).TotalSeconds).ToList();

        Assert.Equal(waits, Enumerable.Range(0, 1_000).Select(seed => Backoff.After(Policy, 1, (ulong)seed, 2, 3).TotalSeconds));
        Assert.InRange(waits.Min(), 0.5, 0.52);
        Assert.InRange(waits.Max(), 0.98, 1);
        Assert.InRange(waits.Average(), 0.72, 0.78);
    }
}
