using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Tests.Runs;

/// <summary>Steps that wait for the decision of a person.</summary>
public sealed class ApprovalTests
{
    [Fact]
    public void Decide_Approved_HandsOnWhoAndWhenAndWhat()
    {
        var run = Review().Succeeds("make", output: """{"name":"clip"}""");

        var asked = RunDetailsBuilder.Build(run.State).Steps.Single(s => s.Id == "review").Wait!.Approval!;
        Assert.Equal(("Publish clip?", """{"clip":"clip"}"""), (asked.Title, asked.Given!.ToString()));
        Decide(run, """{"approved":true,"comment":"fine","values":{"stars":4}}""").Then("review:received", "review:done", "completed");

        Assert.Equal(
            """{"approved":true,"by":"ann","at":"2026-01-01T00:00:00+00:00","comment":"fine","values":{"stars":4}}""",
            run.State["review"].Output!.ToString());
    }

    [Fact]
    public void Decide_Rejected_FailsTheStep()
    {
        var run = Review().Succeeds("make");

        Decide(run, """{"approved":false,"comment":"too dark"}""").Then("review:received", "review:failed", "error");

        Assert.Equal("rejected", run.State.Error!.Code);
        Assert.Equal("Step 'review' of run 'm/1' was rejected by 'ann': too dark", run.State.Error.Message);
    }

    [Fact]
    public void Decide_RejectedAndRetried_IsAskedAgain()
    {
        var run = Review().Succeeds("make");
        Decide(run, """{"approved":false}""");

        run.When(new RunInput.RetryRun()).Started().Then("orchestration:started", "review:waiting");

        Decide(run, """{"approved":true,"values":{"stars":1}}""").Then("review:received", "review:done", "completed");
    }

    [Fact]
    public void Decide_BeforeThereIsAnythingToDecide_IsRefused()
    {
        var run = Review();

        Decide(run, """{"approved":true,"values":{"stars":1}}""").Then();

        Assert.Equal("Step 'review' of run 'm/1' is pending: it can be decided on once it waits.", run.Ignored);
    }

    [Theory]
    [InlineData("1", "expected an object with 'approved'")]
    [InlineData("{}", "approved: expected true or false")]
    [InlineData("""{"approved":"yes"}""", "approved: expected true or false")]
    [InlineData("""{"approved":true,"values":{"stars":4.5}}""", "values.stars: expected a whole number, got 4.5")]
    [InlineData("""{"approved":true,"values":{"stars":6}}""", "values.stars: expected at most 5, got 6")]
    [InlineData("""{"approved":true,"values":{"stars":1e999}}""", "values.stars: expected a whole number")]
    [InlineData("""{"approved":true,"values":{"stars":1,"star":1}}""", "values.star: the form has no such field, did you mean 'stars'?")]
    [InlineData("""{"approved":true,"values":{"stars":1,"why":"abcdef"}}""", "values.why: expected at most 5 characters, got 6")]
    [InlineData("""{"approved":true,"values":{"stars":1,"look":"green"}}""", "values.look: expected one of \"dark\", \"light\"")]
    [InlineData("""{"approved":true,"values":[]}""", "values: expected an object, got a list")]
    [InlineData("""{"approved":false,"values":{"stars":"x"}}""", "values.stars: expected a whole number")]
    [InlineData("""{"approved":true,"values":{"stars":1},"vlaues":1}""", "vlaues: unknown")]
    [InlineData("""{"approved":true,"values":{"stars":1},"comment":{}}""", "comment: expected a text")]
    public void Decide_NotWhatTheFormAsksFor_SaysWhere(string data, string problem)
    {
        var run = Review().Succeeds("make");

        Decide(run, data).Then();

        Assert.Contains(problem, run.Ignored, StringComparison.Ordinal);
    }

    private static RunScenario Decide(RunScenario run, string data) =>
        run.When(new RunInput.ReceiveSignal("review", Json.Parse(data), By: "ann"));

    private static RunScenario Review() => new RunScenario(
        """
        {"steps":{
          "make":{"agent":"best"},
          "review":{"needs":["make"],"with":{"clip":"make.name"},"approve":{"title":"Publish {{ make.name }}?","form":{
            "properties":{
              "stars":{"type":"integer","minimum":1,"maximum":5},
              "why":{"type":"string","maxLength":5},
              "look":{"type":"string","enum":["dark","light"]}},
            "required":["stars"]}}}}}
        """,
        new FakeRouting().With("best", "work")).Started();
}
