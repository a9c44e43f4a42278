using AgentGrid.Engine.Telemetry;


namespace AgentGrid.Engine.Tests.Invocations;

public sealed class LatencyHistogramTests
{
    [Fact]
    public void Percentiles_Nothing_IsNull() => Assert.Null(new LatencyHistogram().Percentiles());

    [Fact]
    public void Percentiles_KnownValues_AreWithinFivePercent()
    {
        var histogram = new LatencyHistogram();
        for (var i = 1; i <= 1_000; i++)
        {
            histogram.Add(TimeSpan.FromMilliseconds(i));
        }

        var found = histogram.Percentiles()!;

        Assert.InRange(found.P50Ms, 500, 525);
        Assert.InRange(found.P95Ms, 950, 998);
        Assert.InRange(found.P99Ms, 990, 1_000);
        Assert.Equal(1_000, found.MaxMs);
    }

    [Fact]
    public void Percentiles_Extremes_StayInTheirBuckets()
    {
        var histogram = new LatencyHistogram();
        histogram.Add(TimeSpan.Zero);
        histogram.Add(TimeSpan.FromDays(100));

        var found = histogram.Percentiles()!;

        Assert.InRange(found.P50Ms, 0, 0.002);
        Assert.Equal(TimeSpan.FromDays(100).TotalMilliseconds, found.MaxMs);
    }
}
