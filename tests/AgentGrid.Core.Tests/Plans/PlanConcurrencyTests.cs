using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Core.Tests.Runs;

namespace AgentGrid.Core.Tests.Plans;

/// <summary>What a plan says of runs that are counted together.</summary>
public sealed class PlanConcurrencyTests
{
    [Theory]
    [InlineData("""{"key":"input.player"}""", 1, ConcurrencyPolicy.Queue)]
    [InlineData("""{"key":"input.a[0].b","max":3,"policy":"reject"}""", 3, ConcurrencyPolicy.Reject)]
    [InlineData("""{"key":"input.player","policy":"replace"}""", 1, ConcurrencyPolicy.Replace)]
    public void Read_IsTakenAndWrittenAsItWas(string text, int max, ConcurrencyPolicy policy)
    {
        var plan = Read(text).Plan!;

        Assert.Equal((max, policy), (plan.Settings.Concurrency!.Max, plan.Settings.Concurrency.Policy));
        Assert.Contains($"\"concurrency\":{text}", plan.Definition.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}", "AG1008", "needs 'key: input.<name>'")]
    [InlineData("""{"key":"a.x"}""", "AG1111", "a path into the input, such as input.player; it begins with 'a'")]
    [InlineData("""{"key":"input."}""", "AG1109", "'key'")]
    [InlineData("""{"key":"input.x","max":0}""", "AG1005", "1 to 10000")]
    [InlineData("""{"key":"input.x","policy":"drop"}""", "AG1014", "known: queue, reject, replace.")]
    [InlineData("""{"key":"input.x","limit":2}""", "AG1002", "unknown key 'limit'")]
    public void Read_Mistake_SaysWhat(string text, string code, string message)
    {
        var problem = Assert.Single(Read(text).Problems);

        Assert.True(code == problem.Code, problem.ToString());
        Assert.Contains(message, problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"player":42}""", "42", null)]
    [InlineData("""{"player":"42"}""", "42", null)]
    [InlineData("""{"player":1.50}""", "1.50", null)]
    [InlineData("""{"player":false}""", "false", null)]
    [InlineData("""{"player":null}""", null, null)]
    [InlineData("{}", null, null)]
    [InlineData("""{"player":""}""", null, "got 0 characters")]
    [InlineData("""{"player":[1]}""", null, "got an array")]
    [InlineData("""{"player":{"id":1}}""", null, "got an object")]
    public void GroupOf_TakesTheValueAsText(string input, string? value, string? problem)
    {
        var plan = Read("""{"key":"input.player","max":2}""").Plan!;

        var group = Submission.GroupOf(new SubmitRun(new("m", "1"), Json.Parse(input)), plan, out var found);

        Assert.Equal(value is null ? null : new RunGroup("input.player", value, 2, ConcurrencyPolicy.Queue), group);
        Assert.Equal(problem is null ? (null, null) : ("input.player", CommandCodes.BadGroup), (found?.Path, found?.Code));
        Assert.Contains(problem ?? "", found?.Message ?? "", StringComparison.Ordinal);
    }

    // Who came last of those that wait is decided by it.
    [Fact]
    public void Evolve_DueAndRetried_ItWaitsSinceThen()
    {
        var run = new RunScenario(
            """{"steps":{"a":{"agent":"best"}}}""", new TestKit.FakeRouting().With("best", "work"), startsIn: TimeSpan.FromHours(1));
        Assert.Equal(RunScenario.Start, run.State.QueuedAt);

        run.After(TimeSpan.FromHours(1));
        Assert.Equal(run.Now, run.State.QueuedAt);
        run.Started().Sleep(TimeSpan.FromSeconds(1)).When(new RunInput.CancelRun("no")).Sleep(TimeSpan.FromSeconds(1)).When(new RunInput.RetryRun());
        Assert.Equal(run.Now, run.State.QueuedAt);

        // It was told to before that: others may have been told to since.
        run.When(new RunInput.StartRun(run.Now - TimeSpan.FromSeconds(2))).Then();
        run.When(new RunInput.StartRun(run.Now)).Then("orchestration:started", "best:start");
    }

    // Several may try to accept it, and what each says of it must be about the same.
    [Fact]
    public void Accepted_AChild_WaitsSinceItsAttemptWasStarted()
    {
        var at = new DateTimeOffset(2030, 1, 5, 2, 0, 0, TimeSpan.Zero);
        var parent = new ParentRun(RunId.From(new Guid(1, 2, 3, new byte[8])), "s", 1, 1, at);
        var plan = Read("""{"key":"input.player"}""").Plan!;
        RunState Accepted(TimeSpan later) => RunMachine.Evolve(new RunState(plan), new RunEvent.RunAccepted(
            parent.ChildId, parent.ChildKey.MatchId, parent.ChildKey.Round, plan.Name, plan.Version, Json.Parse("{}"), 1, 0, null, null)
        {
            Time = at + later,
            Parent = parent,
        });

        Assert.Equal(at, Accepted(TimeSpan.FromSeconds(1)).QueuedAt);
        Assert.Equal(at, Accepted(TimeSpan.FromSeconds(2)).QueuedAt);
    }

    private static PlanResult Read(string concurrency) =>
        PlanReader.ReadJson("p", Json.Parse("{\"concurrency\":" + concurrency + ",\"steps\":{\"a\":{\"agent\":\"x\"}}}"));
}
