using AgentGrid.Simulation.Clock;

namespace AgentGrid.Simulation.Tests.Clock;

public sealed class SimulatedTimeTests
{
    private readonly SimulatedClock _clock = new();
    private readonly List<string> _fired = [];

    [Fact]
    public void Timers_FireInTheOrderOfTheirTimes_AndOfEqualsInThatInWhichTheyWereSet()
    {
        var time = new SimulatedTime(_clock);
        time.After(TimeSpan.FromSeconds(2), () => _fired.Add("late"));
        time.After(TimeSpan.FromSeconds(1), () => _fired.Add("first"));
        time.After(TimeSpan.FromSeconds(1), () => _fired.Add("second"));
        Assert.False(time.FireOne());

        while (time.NextDue is { } due)
        {
            _clock.MoveTo(due);
            Assert.True(time.FireOne());
        }

        Assert.Equal(["first", "second", "late"], _fired);
        Assert.Equal(TimeSpan.FromSeconds(2), _clock.Now);
    }

    [Fact]
    public void Timer_ThatIsSetAnewOrDisposed_DoesNotFireAtItsOldTime()
    {
        var time = new SimulatedTime(_clock);
        var gone = time.After(TimeSpan.FromSeconds(1), () => _fired.Add("gone"));
        var moved = time.After(TimeSpan.FromSeconds(2), () => _fired.Add("moved"));
        gone.Dispose();
        moved.Change(TimeSpan.FromSeconds(5), Timeout.InfiniteTimeSpan);

        Assert.Equal(TimeSpan.FromSeconds(5), time.NextDue);
        _clock.MoveTo(TimeSpan.FromSeconds(3));
        Assert.False(time.FireOne());
        _clock.MoveTo(TimeSpan.FromSeconds(5));
        Assert.True(time.FireOne());
        Assert.Equal(["moved"], _fired);
        Assert.Null(time.NextDue);
    }

    [Fact]
    public void Timer_WithAPeriod_FiresAgainAndAgain()
    {
        var time = new SimulatedTime(_clock);
        using var timer = time.CreateTimer(_ => _fired.Add("tick"), null, TimeSpan.Zero, TimeSpan.FromSeconds(1));

        _clock.MoveTo(TimeSpan.FromSeconds(2.5));
        while (time.FireOne())
        {
        }

        Assert.Equal(3, _fired.Count);
        Assert.Equal(TimeSpan.FromSeconds(3), time.NextDue);
    }
}
