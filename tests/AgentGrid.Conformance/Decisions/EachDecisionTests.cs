using AgentGrid.Conformance.Hosting;
using AgentGrid.Core;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>Mode each: what the run machine alone decides, so that one engine shows it for all.</summary>
public abstract class EachDecisionTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    private const string OverPlayers =
        """{"a": {"agent": "alpha", "mode": "each", "for_each": "input.grid_snapshot.players"}}""";

    [Fact]
    public async Task Each_OfAnEarlierResult_FindsItsList()
    {
        Script.On("alpha", _ => new(Json.Parse("""{"list": [10, 20]}""")));
        Script.On("bravo", call => new(Json.From(call.Input.GetProperty("item"))));

        var run = await RunAsync("""
            {"a": {"agent": "alpha"}, "b": {"agent": "bravo", "needs": ["a"], "mode": "each", "for_each": "a.list"}}
            """);

        AssertCompleted(run);
        Assert.Equal([10, 20], run.Result!.Element.GetProperty("b").EnumerateArray().Select(i => i.GetInt32()));
    }

    [Fact]
    public async Task Each_OfAnEmptyList_CompletesWithAnEmptyList()
    {
        var run = await RunAsync(OverPlayers, """{"grid_snapshot": {"players": []}}""");

        AssertCompleted(run);
        Assert.Equal(0, run.Result!.Element.GetProperty("a").GetArrayLength());
        Assert.Empty(Script.Calls());
    }

    [Theory]
    [InlineData("""{"grid_snapshot": {"players": {"not": "a list"}}}""")]
    [InlineData("""{"grid_snapshot": {}}""")]
    public async Task Each_OfSomethingElse_FailsAndNamesThePath(string input)
    {
        var run = await RunAsync(OverPlayers, input);

        var error = AssertFailed(run);
        Assert.Equal(ErrorKind.Plan, error.Kind);
        Assert.Contains("grid_snapshot.players", error.Message, StringComparison.Ordinal);
        Assert.Empty(Script.Calls());
    }

    [Fact]
    public async Task Each_OneItemFailsForGood_FailsTheRun()
    {
        Script.On("alpha", call => call.Input.GetProperty("index").GetInt32() == 1
            ? throw new InvalidOperationException("item 1 is broken")
            : new(call.Answer()));

        var run = await RunAsync(OverPlayers, """{"grid_snapshot": {"players": [1, 2, 3]}}""");

        Assert.Contains("item 1 is broken", AssertFailed(run).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_OneItemFailsOnce_IsTriedAgainAloneAndCompletes()
    {
        Script.On("alpha", call => call.Input.GetProperty("index").GetInt32() == 1 && call.Invocation.Try == 1
            ? throw new InvalidOperationException("not yet")
            : new(call.Answer()));

        var run = await RunAsync("""
            {"a": {"agent": "alpha", "mode": "each", "for_each": "input.list",
                   "retry": {"max_attempts": 2, "backoff": "5ms"}}}
            """, """{"list": [1, 2, 3]}""");

        AssertCompleted(run);
        Assert.Equal(4, Script.Calls().Count);
        Assert.Equal(3, run.Result!.Element.GetProperty("a").GetArrayLength());
    }
}
