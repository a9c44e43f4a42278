using AgentGrid.Core.Runs;
using AgentGrid.Engine;

namespace AgentGrid.Embedded.Tests.Hardships;

/// <summary>A wall clock that is set while runs are active.</summary>
public sealed class ClockTests : IDisposable
{
    private readonly Scratch _folder = new();
    private readonly ManualTime _time = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task ClockIsSetByAnHour_AttemptsNeitherTimeOutForItNorHangForIt(int hours)
    {
        var started = new SemaphoreSlim(0);
        var gate = new TaskCompletionSource();
        var hangs = true;
        await using var grid = await GatedGrid.StartAsync(_folder.Folder, new SteadyClock(_time), async token =>
        {
            var hang = Volatile.Read(ref hangs);
            started.Release();
            await (hang ? Task.Delay(Timeout.Infinite, token) : gate.Task);
        }, timeout: "20s");
        var hanging = await grid.AcceptAsync();
        await started.WaitAsync();
        Volatile.Write(ref hangs, false);
        var working = await grid.AcceptAsync();
        await started.WaitAsync();

        _time.Set(TimeSpan.FromHours(hours));
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(RunStatus.Running, (await grid.Grid.GetRunAsync(hanging.RunId))!.Summary.Status);
        gate.SetResult();

        Assert.Equal(RunStatus.Completed, (await grid.EndOfAsync(working)).Status);
        // In steps, because a timer that was not due yet is armed again by its run's next turn.
        RunDetails details;
        do
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            details = (await grid.Grid.GetRunAsync(hanging.RunId))!;
            Assert.True(_time.GetTimestamp() < new DateTimeOffset(2026, 1, 1, 0, 1, 0, TimeSpan.Zero).UtcTicks, "hangs");
        }
        while (!details.Summary.Status.IsEnded());
        Assert.Equal(ErrorKind.Timeout, details.Steps[0].Attempts[0].Error!.Kind);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void SteadyClock_WallClockIsSet_NeverGoesBackAndGetsThere(int hours)
    {
        var clock = new SteadyClock(_time);
        _time.Set(TimeSpan.FromHours(hours));
        var last = clock.GetUtcNow();

        for (var i = 0; i < 11 * 60; i++)
        {
            _time.Advance(TimeSpan.FromMinutes(1));
            var now = clock.GetUtcNow();
            Assert.InRange(now - last, TimeSpan.FromSeconds(53), TimeSpan.FromSeconds(67));
            last = now;
        }

        Assert.Equal(_time.GetUtcNow(), last);
    }

    [Fact]
    public void SteadyClock_WallClockIsRight_IsTheWallClock()
    {
        var clock = new SteadyClock(_time);
        for (var i = 0; i < 100; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(i * 37));
            Assert.Equal(_time.GetUtcNow(), clock.GetUtcNow());
        }
    }
}
