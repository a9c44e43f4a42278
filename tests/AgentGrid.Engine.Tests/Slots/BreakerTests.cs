using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Slots;
using AgentGrid.Engine.Tests.Invocations;

namespace AgentGrid.Engine.Tests.Slots;

/// <summary>Agents that fail: since when, until when, and who finds out.</summary>
public sealed class BreakerTests : IDisposable
{
    private static readonly BreakerPolicy s_policy = new(3, TimeSpan.FromSeconds(30));

    private readonly ManualTime _time = new();
    private readonly BenchLog _log = new();
    private readonly SlotTable _table;

    public BreakerTests()
    {
        _table = new SlotTable(_time, logger: _log);
        _table.PutNode(new NodeState { Name = "n" });
        Configure(s_policy);
    }

    public void Dispose() => _table.Dispose();

    private FailingState? Failing => _table.Named("a")!.Value.Failing;

    [Fact]
    public void Report_FailuresInARow_OpensWithTheLastAndASuccessCloses()
    {
        Fail(2);
        Assert.Equal(new FailingState(2, IsOpen: false, TimeSpan.Zero), Failing);
        Fail();
        Assert.Equal(new FailingState(3, IsOpen: true, TimeSpan.FromSeconds(30)), Failing);
        Assert.True(_table.Named("a")!.Value.IsAvoided);
        _time.Advance(TimeSpan.FromSeconds(10));
        Fail();
        Assert.Equal(new FailingState(4, IsOpen: true, TimeSpan.FromSeconds(30)), Failing);

        Succeed();

        Assert.Null(Failing);
        Assert.Equal(
            ["Warning: Agent 'a' has failed 3 times in a row: others are asked first, and it is tried again in 30 s", "Information: Agent 'a' works again"],
            _log.Lines);
    }

    [Fact]
    public void Report_ASuccessBetween_BeginsAnew()
    {
        Fail(2);
        Succeed();
        Fail(2);

        Assert.Equal(new FailingState(2, IsOpen: false, TimeSpan.Zero), Failing);
        Assert.Empty(_log.Lines);
    }

    [Fact]
    public void Report_FailuresFarApart_AreNotInARow()
    {
        Fail(2);
        _time.Advance(TimeSpan.FromMinutes(5) + TimeSpan.FromTicks(1));
        Fail(2);
        Assert.False(Failing!.Value.IsOpen);

        _time.Advance(TimeSpan.FromMinutes(5));
        Fail();
        Assert.True(Failing!.Value.IsOpen);
    }

    [Fact]
    public void TryTake_AfterTheCooldown_OneAttemptFindsOut()
    {
        Fail(3);
        _time.Advance(TimeSpan.FromSeconds(29));
        Assert.NotNull(_table.TryTake("a"));
        Assert.Equal(TimeSpan.FromSeconds(1), Failing!.Value.NextTryIn);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(_table.Named("a")!.Value.IsAvoided);

        Assert.NotNull(_table.TryTake("a"));

        Assert.Equal(new FailingState(3, IsOpen: true, TimeSpan.FromSeconds(30)), Failing);
        // Nothing is heard of it: the next one finds out.
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.False(_table.Named("a")!.Value.IsAvoided);
    }

    [Fact]
    public void Configure_OtherPolicyOrOff_BeginsAnew()
    {
        Fail(3);
        Configure(s_policy);
        Assert.NotNull(Failing);

        Configure(s_policy with { Failures = 2 });
        Assert.Null(Failing);

        Configure(BreakerPolicy.Off);
        Fail(100);
        Assert.Null(Failing);
    }

    [Theory]
    [InlineData(ErrorKind.Error, true, true)]
    [InlineData(ErrorKind.Timeout, true, true)]
    [InlineData(ErrorKind.Lost, true, true)]
    [InlineData(ErrorKind.Lost, false, true)]
    [InlineData(ErrorKind.Error, false, null)]
    [InlineData(ErrorKind.Routing, true, null)]
    [InlineData(ErrorKind.Plan, true, null)]
    public void Of_AFailure_SaysSomethingOfTheAgentWhenTheInputIsNotToBlame(ErrorKind kind, bool retryable, bool? hasFailed) => Assert.Equal(
        hasFailed, AttemptVerdict.Of(new RunEvent.AttemptFailed("s", 1, "a", new RunError(kind, "code", "message", retryable)) { Time = default })?.HasFailed);

    [Fact]
    public void Of_ARunOfAPlan_SaysNothing() =>
        Assert.Null(AttemptVerdict.Of(new RunEvent.AttemptSucceeded("s", 1, "plan:p", Json.Null) { Time = default }));

    [Fact]
    public void Of_ACancelledAttempt_SaysNothing() =>
        Assert.Null(AttemptVerdict.Of(new RunEvent.AttemptCancelled("s", 1, "a", "lost the race") { Time = default }));

    private void Fail(int times = 1)
    {
        for (var i = 0; i < times; i++)
        {
            _table.Report("a", "n", hasFailed: true);
        }
    }

    private void Succeed() => _table.Report("a", "n", hasFailed: false);

    private void Configure(BreakerPolicy breaker) => _table.Configure(new GridConfig
    {
        Agents = ImmutableSortedDictionary<string, AgentConfig>.Empty.Add("a", new AgentConfig { Name = "a", Breaker = breaker }),
    });
}
