namespace AgentGrid.Cluster.Tests.Histories;

/// <summary>Each rule finds what breaks it, and nothing in a history that keeps all of them.</summary>
public sealed class CheckerTests
{
    private static readonly Dictionary<string, string> s_nothing = [];

    [Fact]
    public void Check_AllKept_FindsNothing() => Assert.Empty(Checker.Check(Kept()));

    [Fact]
    public void Check_AKeyWithTwoRuns_IsFound() =>
        Finds(Checker.OneRunAKey, Kept(posts: [new Post("m/1", "r"), new Post("m/1", null), new Post("m/1", "other")]));

    [Fact]
    public void Check_AKeyWithAnotherRunInTheFeed_IsFound() => Finds(
        Checker.OneRunAKey, Kept(feed: [.. Feed(), new Shown(4, "m/1", "other", "queued", null, null)]));

    [Fact]
    public void Check_AnAttemptThatEndsTwice_IsFound() => Finds(
        Checker.OneResult, Kept(feed: [.. Feed(), new Shown(4, "m/1", "r", "recorded:succeeded", "a", 1)]));

    [Fact]
    public void Check_AnOutputThatIsReadInTwoWays_IsFound() => Finds(
        Checker.OneResult,
        Kept(invocations: [A("1-1", 0, 10), A("1-2", 0, 10), Z("2-1", 10, 20, sees: "1-1"), Z("2-2", 10, 20, sees: "1-2")]));

    [Fact]
    public void Check_AnOutputThatNobodyEndedWith_IsFound() => Finds(
        Checker.OneResult, Kept(invocations: [A("1-1", 0, 10) with { Done = false }, Z("2-1", 10, 20, sees: "1-1")]));

    [Fact]
    public void Check_AFeedWithAGap_IsFound() => Finds(Checker.WholeFeed, Kept(feed: [Feed()[0], Feed()[2]]));

    [Fact]
    public void Check_AFeedThatRepeats_IsFound() => Finds(Checker.WholeFeed, Kept(feed: [.. Feed(), Feed()[2]]));

    [Fact]
    public void Check_ANumberThatIsTwoEvents_IsFound() => Finds(
        Checker.WholeFeed, Kept(other: [Feed()[0], Feed()[1] with { Stage = "recorded:error" }, Feed()[2]]));

    [Theory]
    [InlineData("running")]
    [InlineData(null)]
    public void Check_ARunThatHasNotEnded_IsFound(string? status) => Finds(Checker.EveryRunEnds, Kept(status: status));

    [Fact]
    public void Check_AnEndThatNoFeedHasShown_IsFound() => Finds(Checker.EveryRunEnds, Kept(feed: Feed()[..2]));

    [Fact]
    public void Check_ASignalThatIsNotTheOneThatWasTaken_IsFound() => Finds(
        Checker.InOrder,
        Kept(
            commands: [Did(CommandKind.Signal, "left", 0, 5, CommandAnswer.Changed)],
            outputs: [new Output("r", "wait", "right")]));

    [Fact]
    public void Check_TooManyOnAGpu_IsFound() => Finds(
        Checker.WithinLimits, Kept(invocations: [OnGpu("1-1", 0, 10), OnGpu("1-2", 5, 15), OnGpu("1-3", 9, 12)]));

    [Fact]
    public void Check_TooManyOnANode_IsFound() => Finds(
        Checker.WithinLimits, Kept(invocations: [A("1-1", 0, 10), A("1-2", 0, 10), A("1-3", 0, 10), A("1-4", 0, 10)]));

    [Theory]
    [InlineData(-1)]
    [InlineData(61)]
    public void Check_ADeadlineByAnotherClock_IsFound(double left) =>
        Finds(Checker.RightDeadline, Kept(invocations: [A("1-1", 0, 10) with { Left = left }]));

    [Fact]
    public void Check_TooManyInTheCluster_IsFound() => Finds(Checker.WithinLimits, Kept(invocations: FiveOnTwo()));

    [Fact]
    public void Check_TooManyInTheClusterWhileTheDispatcherMoves_IsExcused() =>
        Assert.Empty(Checker.Check(Kept(invocations: FiveOnTwo(), excused: [(0, 5)])));

    [Fact]
    public void Check_TooManyWithThoseOfALostProcess_IsExcused() =>
        Assert.Empty(Checker.Check(Kept(invocations: FiveOnTwo(), lost: new() { [2] = 0 })));

    [Fact]
    public void Check_OneEndsWhenAnotherBegins_IsWithinTheLimit() => Assert.Empty(Checker.Check(
        Kept(invocations: [A("1-1", 0, 10), A("1-2", 0, 10), A("1-3", 0, 10), A("1-4", 10, 20)])));

    [Fact]
    public void Most_OverlapsOfAllProcesses_AreCounted() => Assert.Equal(5, LimitsChecker.Most(FiveOnTwo()));

    private static void Finds(string rule, History history)
    {
        var found = Checker.Check(history);
        Assert.NotEmpty(found);
        Assert.All(found, v => Assert.Equal(rule, v.Rule));
    }

    private static History Kept(
        Post[]? posts = null, Shown[]? feed = null, Shown[]? other = null, Invocation[]? invocations = null,
        Command[]? commands = null, Output[]? outputs = null, string? status = "completed",
        (long, long)[]? excused = null, Dictionary<int, long>? lost = null) => new()
        {
            Posts = posts ?? [new Post("m/1", null), new Post("m/1", "r"), new Post("m/1", "r"), new Post("n/1", null)],
            Feeds = [feed ?? Feed(), other ?? []],
            Invocations = invocations ?? [A("1-1", 0, 10), A("1-2", 0, 10) with { Done = false }, Z("2-1", 10, 20, sees: "1-1")],
            Commands = commands ?? [Did(CommandKind.Read, "active", 0, 5), Did(CommandKind.Read, "completed", 30, 35)],
            Outputs = outputs ?? [],
            Ends = new Dictionary<string, string?> { ["r"] = status },
            Excused = excused ?? [],
            LostFrom = lost ?? [],
            Limits = new CheckedLimits(
                PerGpu: 2, new Dictionary<string, int> { ["recorded"] = 4 }, new Dictionary<string, int> { ["recorded"] = 3 },
                Seconds: 60),
        };

    private static Shown[] Feed() =>
    [
        new(1, "m/1", "r", "queued", null, null), new(2, "m/1", "r", "recorded:succeeded", "a", 1),
        new(3, "m/1", "r", "completed", null, null),
    ];

    private static Invocation[] FiveOnTwo() =>
        [A("1-1", 0, 10), A("1-2", 0, 10), A("1-3", 0, 10), A("2-1", 1, 9, process: 2), A("2-2", 2, 9, process: 2)];

    private static Invocation A(string token, long begin, long end, int process = 1) =>
        new(process, token, "recorded", "r", "a", 1, null, begin, end, true, s_nothing);

    private static Invocation Z(string token, long begin, long end, string sees) =>
        new(3, token, "recorded", "r", "z", 1, null, begin, end, true, new Dictionary<string, string> { ["a"] = sees });

    private static Invocation OnGpu(string token, long begin, long end) =>
        new(1, token, "recorded_gpu", "r", "g", 1, 0, begin, end, true, s_nothing);

    private static Command Did(
        CommandKind kind, string? value, long begin, long end, CommandAnswer answer = CommandAnswer.Read) =>
        new("r", kind, value, begin, end, answer);
}
