using AgentGrid.Conformance.Hosting;
using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Conformance;

/// <summary>Mode each: one invocation per item of a list.</summary>
public abstract class EachTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    protected override bool KeepsEngine => true;

    private const string OverPlayers =
        """{"a": {"agent": "alpha", "mode": "each", "for_each": "input.grid_snapshot.players"}}""";

    [Fact]
    public async Task Each_OfAList_InvokesPerItemAndKeepsTheOrder()
    {
        Script.On("alpha", async call =>
        {
            var index = call.Input.GetProperty("index").GetInt32();
            await Script.CalledAsync(calls => calls.Count >= 3, "all items at once");
            return Json.Parse($$"""{"index": {{index}}, "id": {{call.Input.GetProperty("item").GetProperty("id").GetRawText()}} }""");
        });

        var run = await RunAsync(OverPlayers, """{"grid_snapshot": {"players": [{"id": "x"}, {"id": "y"}, {"id": "z"}]}}""");

        AssertCompleted(run);
        var items = run.Result!.Element.GetProperty("a").EnumerateArray().ToArray();
        Assert.Equal(["x", "y", "z"], items.Select(i => i.GetProperty("id").GetString()));
        Assert.Equal([0, 1, 2], items.Select(i => i.GetProperty("index").GetInt32()));
    }

    [Fact]
    public async Task Each_Settled_HandsOnOutputsAndFailures()
    {
        Script.On("alpha", call => call.Input.GetProperty("index").GetInt32() == 1
            ? throw new AgentException("no_luck", "not this one", retryable: false)
            : new(Json.Parse("true")));

        var run = await RunAsync(
            """
            {"a": {"agent": "alpha", "mode": "each", "for_each": "input.list", "require": "settled", "max_failures": "50%"},
             "b": {"agent": "bravo", "needs": ["a"], "with": {"why": "a[1].failed.code"}}}
            """, """{"list": [1, 2, 3]}""");

        AssertCompleted(run);
        Assert.Equal(
            """[true,{"failed":{"agent":"alpha","code":"no_luck","message":"not this one"}},true]""",
            StepOf(run, "a").Output!.ToString());
        Assert.Equal("no_luck", Assert.Single(Script.Calls("bravo")).Input.GetProperty("why").GetString());
    }

    [Fact]
    public async Task Each_OfAThousandItems_NeverExceedsTheAgentsSlots()
    {
        Script.Measure("narrow");
        Script.On("narrow", async call =>
        {
            await Task.Yield();
            return call.Answer();
        });

        var run = await RunAsync(
            """{"a": {"agent": "narrow", "mode": "each", "for_each": "input.list"}}""",
            $$"""{"list": [{{string.Join(',', Enumerable.Range(0, 1_000))}}]}""");

        AssertCompleted(run);
        Assert.Equal(1_000, Script.Calls("narrow").Select(c => c.Input.GetProperty("index").GetInt32()).Distinct().Count());
        Assert.InRange(Script.Peak("narrow"), 1, 3);
        await AllSlotsFreeAsync();
    }

    [Fact]
    public async Task Each_OfManyItems_LeavesSlotsToTheCallersOtherRuns()
    {
        const string OverList = """{"a": {"agent": "narrow", "mode": "each", "for_each": "input.list"}}""";
        Script.On("narrow", async call =>
        {
            await Task.Delay(5);
            return call.Answer();
        });
        var wide = await AcceptAsync(OverList, $$"""{"list": [{{string.Join(',', Enumerable.Range(0, 600))}}]}""");
        await Script.CalledAsync(calls => calls.Count > 3, "the wide run is busy");

        var small = await RunAsync(OverList, """{"list": [1, 2, 3]}""");

        AssertCompleted(small);
        var asked = Script.Calls("narrow").Count;
        AssertCompleted(await EndOfAsync(wide));
        Assert.InRange(asked, 4, 400);
    }
}
