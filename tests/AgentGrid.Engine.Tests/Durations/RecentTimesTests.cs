using AgentGrid.Engine.Durations;

namespace AgentGrid.Engine.Tests.Durations;

public sealed class RecentTimesTests
{
    [Fact]
    public void Median_Nothing_IsZero() => Assert.Equal(0, new RecentTimes().Median());

    [Theory]
    [InlineData(new double[] { 3 }, 3)]
    [InlineData(new double[] { 3, 1 }, 2)]
    [InlineData(new double[] { 3, 1, 100 }, 3)]
    [InlineData(new double[] { 5, 1, 4, 2, 3 }, 3)]
    public void Median_AFew_IsExact(double[] values, double median)
    {
        var times = new RecentTimes();
        Array.ForEach(values, times.Add);

        Assert.Equal(median, times.Median());
        Assert.Equal(values.Length, times.Count);
    }

    [Fact]
    public void Median_Many_IsThatOfTheLast()
    {
        var times = new RecentTimes();
        for (var i = 1; i <= 1_000; i++)
        {
            times.Add(i);
        }

        Assert.Equal(1_000 - (RecentTimes.Most / 2), times.Median());
        Assert.Equal(1_000, times.Count);
    }
}
