using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Tests.Runs;

public sealed class RunErrorTests
{
    private static readonly RunError Error = new(ErrorKind.Error, "error", "it broke");

    [Fact]
    public void Detail_TooLong_LosesItsMiddle()
    {
        var detail = (Error with { Detail = "first " + new string('x', 2 * RunError.LongestDetail) + " last" }).Detail!;

        Assert.InRange(detail.Length, RunError.LongestDetail - 2, RunError.LongestDetail);
        Assert.StartsWith("first x", detail);
        Assert.EndsWith("x last", detail);
        Assert.Contains("x\n...\nx", detail);
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    public void Detail_OfPairsOfSurrogates_IsNotCutWithinOne(string before)
    {
        var detail = (Error with { Detail = before + string.Concat(Enumerable.Repeat("\U0001F600", RunError.LongestDetail)) }).Detail!;

        Assert.True(UnicodeText.IsValid(detail));
        Assert.InRange(detail.Length, RunError.LongestDetail - 4, RunError.LongestDetail);
    }

    [Fact]
    public void Decide_ManyFailuresOfAStep_KeepTheDetailOfTheFirst()
    {
        var run = new RunScenario(
            """{"steps":{"a":{"mode":"each","for_each":"input.items","agent":"best","require":"any"}}}""", RunMachineTests.TwoAgents(),
            input: $$"""{"items":[{{string.Join(',', Enumerable.Range(0, StepState.MostDetails + 2))}}]}""").Started();

        for (var i = 1; i <= StepState.MostDetails + 1; i++)
        {
            run.When(new RunInput.FailAttempt("a", i, Error with { Type = "KeyError", Detail = "in a" }));
        }

        var errors = run.State["a"].Attempts.Where(a => a.Error is not null).Select(a => a.Error!).ToList();
        Assert.Equal(StepState.MostDetails + 1, errors.Count);
        Assert.Equal(StepState.MostDetails, errors.Count(e => e.Detail is not null));
        Assert.Equal(("KeyError", null), (errors[^1].Type, errors[^1].Detail));
    }
}
