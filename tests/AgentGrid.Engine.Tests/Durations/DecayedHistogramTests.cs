using AgentGrid.Engine.Durations;

namespace AgentGrid.Engine.Tests.Durations;

public sealed class DecayedHistogramTests
{
    [Fact]
    public void Quantiles_Nothing_IsNull()
    {
        Assert.Null(new DecayedHistogram().Quantiles());
        Assert.Equal(0, new DecayedHistogram().Quantile(0.5));
    }

    [Theory]
    [InlineData(1e-6)]
    [InlineData(0.0123)]
    [InlineData(1)]
    [InlineData(86_400)]
    public void Quantile_OneNumber_IsWithinTwoPercentOfIt(double value)
    {
        var histogram = new DecayedHistogram();
        histogram.Add(value);

        Assert.Equal(1, histogram.Count);
        Assert.All([0.0, 0.5, 1.0], share => Assert.InRange(histogram.Quantile(share), value * 0.98, value * 1.02));
    }

    [Fact]
    public void Quantile_ManyNumbers_IsNearTheExactOne()
    {
        var random = new Random(7);
        var histogram = new DecayedHistogram();
        var last = new List<double>();
        for (var i = 0; i < 10_000; i++)
        {
            var value = Math.Exp(random.NextDouble() * 3);
            histogram.Add(value);
            last.Add(value);
        }

        // The same for all of them, so what is old makes no difference.
        foreach (var share in new[] { 0.5, 0.95, 0.99 })
        {
            var exact = Math.Exp(share * 3);
            Assert.InRange(histogram.Quantile(share), exact * 0.85, exact * 1.15); // 370 of them count, by their weights
        }
        Assert.Equal(10_000, histogram.Count);
    }

    [Fact]
    public void Quantile_DurationsChange_FollowsTheNewOnes()
    {
        var histogram = new DecayedHistogram();
        for (var i = 0; i < 100_000; i++)
        {
            histogram.Add(1);
        }
        for (var i = 0; i < DecayedHistogram.HalfLife - 2; i++)
        {
            histogram.Add(10);
        }

        Assert.InRange(histogram.Quantile(0.5), 0.95, 1.05); // the old ones count a little more than half

        for (var i = 0; i < 4; i++)
        {
            histogram.Add(10);
        }

        Assert.InRange(histogram.Quantile(0.5), 9.5, 10.5);
        Assert.Equal(100_000 + DecayedHistogram.HalfLife + 2, histogram.Count);
    }

    [Fact]
    public void Add_ExtremesAndManyDecades_StaysBounded()
    {
        var histogram = new DecayedHistogram();
        foreach (var value in new[] { 0, -1, 1e-300, double.MaxValue, double.PositiveInfinity, double.NaN, 1e-9, 5, 1e9 })
        {
            histogram.Add(value);
        }

        Assert.InRange(histogram.Buckets, 1, 824);
        Assert.InRange(histogram.Quantile(0), 0, 1.1e-8);
        Assert.InRange(histogram.Quantile(1), 700_000, 900_000);
    }

    [Fact]
    public void Add_NumbersThatAreAlike_TakesFewBuckets()
    {
        var histogram = new DecayedHistogram();
        for (var i = 0; i < 1_000; i++)
        {
            histogram.Add(0.9 + i / 5_000.0);
        }

        Assert.InRange(histogram.Buckets, 1, 24);
    }

    [Fact]
    public void Add_NumbersThatAreKnown_AllocatesNothing()
    {
        var histogram = new DecayedHistogram();
        histogram.Add(1);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100_000; i++)
        {
            histogram.Add(1);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.InRange(histogram.Quantile(0.5), 0.95, 1.05); // through many renewals of the weights
    }
}
