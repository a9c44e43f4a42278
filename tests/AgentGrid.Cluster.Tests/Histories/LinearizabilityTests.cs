namespace AgentGrid.Cluster.Tests.Histories;

public sealed class LinearizabilityTests
{
    [Fact]
    public void Holds_OneOfTwoSignalsIsTaken_TheOtherIsRefused() => Assert.True(Linearizability.Holds(
    [
        Did(CommandKind.Signal, 0, 10, CommandAnswer.Refused, "left"), Did(CommandKind.Signal, 0, 10, CommandAnswer.Changed, "right"),
    ]));

    [Fact]
    public void Holds_BothSignalsAreTaken_No() => Assert.False(Linearizability.Holds(
    [
        Did(CommandKind.Signal, 0, 10, CommandAnswer.Changed, "left"), Did(CommandKind.Signal, 0, 10, CommandAnswer.Changed, "right"),
    ]));

    [Fact]
    public void Holds_ASignalIsRefusedBeforeAnyWasSent_No() => Assert.False(Linearizability.Holds(
    [
        Did(CommandKind.Signal, 0, 1, CommandAnswer.Refused, "left"), Did(CommandKind.Signal, 2, 3, CommandAnswer.Changed, "right"),
    ]));

    [Fact]
    public void Holds_ALostAnswerTookEffect_Yes() => Assert.True(Linearizability.Holds(
    [
        Did(CommandKind.Cancel, 0, 0, CommandAnswer.Unknown), Did(CommandKind.Read, 5, 6, CommandAnswer.Read, "active"),
        Did(CommandKind.Read, 7, 8, CommandAnswer.Read, "cancelled"),
    ]));

    [Fact]
    public void Holds_ACancelledRunThatNobodyCancelled_No() =>
        Assert.False(Linearizability.Holds([Did(CommandKind.Read, 5, 6, CommandAnswer.Read, "cancelled")]));

    [Fact]
    public void Holds_AReadAfterACancelShowsItActive_No() => Assert.False(Linearizability.Holds(
        [Did(CommandKind.Cancel, 0, 1, CommandAnswer.Changed), Did(CommandKind.Read, 2, 3, CommandAnswer.Read, "active")]));

    [Fact]
    public void Holds_AReadBesideACancelShowsItActive_Yes() => Assert.True(Linearizability.Holds(
        [Did(CommandKind.Cancel, 0, 3, CommandAnswer.Changed), Did(CommandKind.Read, 1, 2, CommandAnswer.Read, "active")]));

    [Fact]
    public void Holds_CancelledTwiceWithoutARetry_No() => Assert.False(Linearizability.Holds(
        [Did(CommandKind.Cancel, 0, 1, CommandAnswer.Changed), Did(CommandKind.Cancel, 2, 3, CommandAnswer.Changed)]));

    [Fact]
    public void Holds_CancelledRetriedAndCancelled_Yes() => Assert.True(Linearizability.Holds(
    [
        Did(CommandKind.Cancel, 0, 1, CommandAnswer.Changed), Did(CommandKind.Retry, 2, 3, CommandAnswer.Changed),
        Did(CommandKind.Cancel, 4, 5, CommandAnswer.Changed),
    ]));

    [Fact]
    public void Holds_ACompletedRunBecomesActive_No() => Assert.False(Linearizability.Holds(
        [Did(CommandKind.Read, 0, 1, CommandAnswer.Read, "completed"), Did(CommandKind.Read, 2, 3, CommandAnswer.Read, "active")]));

    [Fact]
    public void Holds_ItCompletesWithoutTheSignalThatItWaitsFor_No() => Assert.False(Linearizability.Holds(
        [Did(CommandKind.Read, 0, 1, CommandAnswer.Read, "completed"), Did(CommandKind.Signal, 2, 3, CommandAnswer.Ended, "left")]));

    private static Command Did(CommandKind kind, long begin, long end, CommandAnswer answer, string? value = null) =>
        new("r", kind, value, begin, answer == CommandAnswer.Unknown ? History.Never : end, answer);
}
