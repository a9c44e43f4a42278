using AgentGrid.Engine.Admission;


namespace AgentGrid.Engine.Tests.Admission;

public sealed class AdmissionControlTests
{
    private readonly ManualTime _time = new();

    [Fact]
    public void TryEnter_ManyThreads_NeverMoreThanTheLimit()
    {
        var places = new AdmissionControl(100, _time);
        var held = 0;
        var most = 0;

        Parallel.For(0, 20_000, i =>
        {
            if (places.TryEnter(i % 3 == 0 ? null : $"tenant {i % 3}") is null)
            {
                InterlockedMax(ref most, Interlocked.Increment(ref held));
                Interlocked.Decrement(ref held);
                places.Leave(i % 3 == 0 ? null : $"tenant {i % 3}", ended: true);
            }
        });

        Assert.InRange(most, 1, 100);
        Assert.Equal(100, Enumerable.Range(0, 200).Count(_ => places.TryEnter(null) is null));
    }

    [Fact]
    public void TryEnter_OneTenantTakesAllItCan_OthersStillFindPlaces()
    {
        var places = new AdmissionControl(900, _time);

        Assert.Equal(800, Enter(places, "greedy", 10_000));
        Assert.Contains("greedy", places.TryEnter("greedy")!.Reason, StringComparison.Ordinal);
        Assert.Equal(90, Enter(places, "second", 10_000), 5d);
        Assert.InRange(Enter(places, "third", 10_000), 5, 12);
        Assert.Null(places.TryEnter("modest"));
    }

    [Fact]
    public void TryEnter_TwoTenantsWantEverything_TheyEndUpWithTheSame()
    {
        var places = new AdmissionControl(900, _time);
        var held = new Dictionary<string, int> { ["a"] = Enter(places, "a", 10_000), ["b"] = 0 };
        var random = new Random(1);

        for (var i = 0; i < 20_000; i++)
        {
            var ends = random.Next(held.Values.Sum()) < held["a"] ? "a" : "b";
            places.Leave(ends, ended: true);
            held[ends]--;
            foreach (var tenant in random.Next(2) == 0 ? new[] { "a", "b" } : ["b", "a"])
            {
                held[tenant] += Enter(places, tenant, 2);
            }
        }

        Assert.InRange(held["a"], 380, 470);
        Assert.InRange(held["b"], 380, 470);
    }

    [Fact]
    public void TryEnter_Refused_RetryAfterIsWhatTheMeasuredRateGives()
    {
        var places = new AdmissionControl(10, _time);
        Enter(places, null, 10);
        // Two runs end each second, and others take their places.
        for (var i = 0; i < 20; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(0.5));
            places.Leave(null, ended: true);
            places.Enter(null);
        }

        var told = Enumerable.Range(0, 8).Select(_ => places.TryEnter(null)!.RetryAfter.TotalSeconds).ToArray();

        // The eighth of those that were refused finds a place after four seconds.
        Assert.Equal(1, told[0]);
        Assert.Equal(told.Order(), told);
        Assert.InRange(told[^1], 3, 5);
    }

    [Fact]
    public void TryEnter_NothingEnds_RetryAfterGrowsAndStaysWithinAMinute()
    {
        var places = new AdmissionControl(1, _time);
        places.Enter(null);
        Assert.Equal(1, places.TryEnter(null)!.RetryAfter.TotalSeconds);

        _time.Advance(TimeSpan.FromSeconds(20));
        Assert.InRange(places.TryEnter(null)!.RetryAfter.TotalSeconds, 15, 25);
        _time.Advance(TimeSpan.FromHours(2));

        Assert.Equal(60, places.TryEnter(null)!.RetryAfter.TotalSeconds);
    }

    [Fact]
    public void TryEnter_RoomAgain_NobodyIsAheadAnyMore()
    {
        var places = new AdmissionControl(1, _time);
        places.Enter(null);
        _time.Advance(TimeSpan.FromSeconds(5));
        for (var i = 0; i < 100; i++)
        {
            places.TryEnter(null);
        }
        Assert.Equal(60, places.TryEnter(null)!.RetryAfter.TotalSeconds);

        places.Leave(null, ended: true);
        Assert.Null(places.TryEnter(null));

        Assert.InRange(places.TryEnter(null)!.RetryAfter.TotalSeconds, 1, 6);
    }

    private static int Enter(AdmissionControl places, string? tenant, int times) =>
        Enumerable.Range(0, times).Count(_ => places.TryEnter(tenant) is null);

    private static void InterlockedMax(ref int most, int value)
    {
        for (var seen = Volatile.Read(ref most); value > seen; seen = Volatile.Read(ref most))
        {
            Interlocked.CompareExchange(ref most, value, seen);
        }
    }
}
