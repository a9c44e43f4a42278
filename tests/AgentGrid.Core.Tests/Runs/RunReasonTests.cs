using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Tests.Runs;

public sealed class RunReasonTests
{
    private const string Plan = """{"steps":{"a":{"agent":"worker"}}}""";

    [Fact]
    public void Summarize_FailedRun_HasTheErrorOfItsDetails()
    {
        var run = Scenario().Started();
        Assert.Null(RunDetailsBuilder.Summarize(run.State).Reason);

        run.Fails("a", code: "out_of_memory");

        var details = RunDetailsBuilder.Build(run.State);
        Assert.Equal("out_of_memory: it broke", details.Summary.Reason);
        Assert.Equal($"{details.Error!.Code}: {details.Error.Message}", details.Summary.Reason);
    }

    [Fact]
    public void Summarize_CancelledRun_HasTheReasonThatWasGiven()
    {
        var run = Scenario().Started().When(new RunInput.CancelRun("called\noff"));

        Assert.Equal("called off", RunDetailsBuilder.Summarize(run.State).Reason);
    }

    [Fact]
    public void Summarize_RetriedRun_HasNoneAnyMore()
    {
        var run = Scenario().Started().Fails("a").When(new RunInput.RetryRun(null));
        Assert.Equal(RunStatus.Queued, run.State.Status);
        Assert.Null(RunDetailsBuilder.Summarize(run.State).Reason);

        run.Started().Succeeds("a", 2);

        Assert.Equal(RunStatus.Completed, run.State.Status);
        Assert.Null(RunDetailsBuilder.Summarize(run.State).Reason);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("plain", "plain")]
    [InlineData("a\r\nb\tc\0d\u001b[31me\u0085f\u2028g\u2029h", "a  b c d [31me f g h")]
    [InlineData("grün \ud83d\ude80", "grün \ud83d\ude80")]
    public void OneLine_Text_HasNoControlCharacters(string text, string line) =>
        Assert.Equal(line, RunReason.OneLine(text));

    [Fact]
    public void OneLine_LongText_IsCutWithAnEllipsis()
    {
        var fits = new string('x', RunReason.MaxLength);

        Assert.Equal(fits, RunReason.OneLine(fits));
        Assert.Equal(fits[1..] + "…", RunReason.OneLine(fits + "y"));
    }

    [Theory]
    [InlineData(197, 200)]
    [InlineData(198, 199)]
    [InlineData(199, 200)]
    public void OneLine_CutWhereAPairStands_LeavesNoHalfOfIt(int before, int length)
    {
        var line = RunReason.OneLine(new string('x', before) + "\ud83d\ude80" + new string('y', 100));

        Assert.Equal(length, line.Length);
        Assert.EndsWith("…", line, StringComparison.Ordinal);
        Assert.Equal(before == 197, line.EndsWith("\ud83d\ude80…", StringComparison.Ordinal));
        Assert.Equal(before == 197 ? 1 : 0, line.Count(char.IsHighSurrogate));
        Assert.Equal(line.Count(char.IsHighSurrogate), line.Count(char.IsLowSurrogate));
    }

    private static RunScenario Scenario() => new(Plan, new FakeRouting().With("worker", "work"));
}
