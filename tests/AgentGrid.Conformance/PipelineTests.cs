using AgentGrid.Conformance.Hosting;
using AgentGrid.Core;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>Steps one after the other: what they are given, and when they are left out.</summary>
public abstract class PipelineTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    protected override bool KeepsEngine => true;

    [Fact]
    public async Task Pipeline_OfThree_PassesInputAndResultsOn()
    {
        Script.On("alpha", _ => new(Json.Parse("""{"seen": 1}""")));
        Script.On("bravo", call => new(Json.Parse($$"""{"seen": {{call.Input.GetProperty("a").GetProperty("seen").GetInt32() + 1}}}""")));

        var run = await RunAsync("""
            {
              "a": {"agent": "alpha"},
              "b": {"agent": "bravo", "needs": ["a"], "input": {"extra": true, "match": "mine"}},
              "c": {"agent": "charlie", "needs": ["a", "b"]}
            }
            """, """{"grid_snapshot": {"n": 7}, "match": "posted"}""");

        AssertCompleted(run);
        var b = Assert.Single(Script.Calls("bravo"));
        Assert.True(b.Input.GetProperty("extra").GetBoolean());
        Assert.Equal("mine", b.Input.GetProperty("match").GetString());
        Assert.Equal(7, b.Input.GetProperty("grid_snapshot").GetProperty("n").GetInt32());
        var c = Assert.Single(Script.Calls("charlie"));
        Assert.Equal(2, c.Input.GetProperty("b").GetProperty("seen").GetInt32());
        Assert.Equal("posted", c.Input.GetProperty("match").GetString());
        Assert.Equal(["a", "b"], c.Invocation.Results.Keys.Order());
        Assert.Equal(2, c.Invocation.Results["b"].Element.GetProperty("seen").GetInt32());
        Assert.Equal("charlie", run.Result!.Element.GetProperty("c").GetProperty("agent").GetString());
        Assert.Equal(1, (await Grid.GetOutputAsync(run.Summary.RunId, "a"))!.Element.GetProperty("seen").GetInt32());
        Assert.All(run.Steps, s => Assert.Equal(StepStatus.Completed, s.Status));
        // Whoever makes it, and of whatever: the same receipt.
        var replayed = RunDetailsBuilder.Build((await Grid.GetJournalAsync(run.Summary.RunId))!.Replay());
        Assert.Equal(RunReceiptBuilder.Build(run).ToJson(), RunReceiptBuilder.Build(replayed).ToJson());
        Assert.All(run.Steps, s => Assert.Matches("^[0-9a-f]{12}$", Assert.Single(s.Attempts).AgentHash));
        Assert.Null(await Grid.GetJournalAsync(RunId.From(Guid.NewGuid())));
    }

    [Fact]
    public async Task Plan_OfAThousandParallelSteps_Completes()
    {
        var steps = string.Join(',', Enumerable.Range(0, 1_000).Select(i => $$""" "s{{i}}": {"agent": "alpha"} """));

        var run = await RunAsync($$"""{ {{steps}} }""");

        AssertCompleted(run);
        Assert.Equal(1_000, Script.Calls("alpha").Select(c => c.Invocation.IdempotencyKey).Distinct().Count());
        Assert.Equal(1_000, run.Result!.Element.EnumerateObject().Count());
    }

    [Fact]
    public async Task Plan_OfAThousandStepsInAChain_CompletesInOrder()
    {
        var steps = string.Join(',', Enumerable.Range(0, 1_000).Select(i =>
            $$""" "s{{i}}": {"agent": "alpha" {{(i == 0 ? "" : $$""", "needs": ["s{{i - 1}}"]""")}} } """));

        var run = await RunAsync($$"""{ {{steps}} }""");

        AssertCompleted(run);
        Assert.Equal(Enumerable.Range(0, 1_000).Select(i => $"s{i}"), Script.Calls("alpha").Select(c => c.Invocation.Step));
    }
}
