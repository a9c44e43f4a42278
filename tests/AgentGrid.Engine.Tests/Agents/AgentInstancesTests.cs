using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;
using AgentGrid.Engine.Agents;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentGrid.Engine.Tests.Agents;

/// <summary>Agents of kinds, as the configuration changes.</summary>
public sealed class AgentInstancesTests : IAsyncDisposable
{
    private readonly FakeKind _kind = new();
    private readonly AgentCatalog _catalog;
    private readonly AgentInstances _agents;

    public AgentInstancesTests()
    {
        _catalog = AgentCatalog.Of(typeof(Classy)).With(_kind);
        _agents = new AgentInstances(
            _catalog, _ => new Classy(), Contexts.Of(TimeProvider.System), a => a.Queue != "elsewhere", NullLogger.Instance);
    }

    public ValueTask DisposeAsync() => _agents.DisposeAsync();

    [Fact]
    public void Apply_AgentOfAKind_CanBeUsedBeforeItIsReady()
    {
        Apply("x: { kind: fake, word: one }");
        Assert.Equal("one", Word("x"));
        Assert.Equal(["classy", "x"], _agents.Names);
        Assert.Null(_agents.HealthOf("classy"));
        Assert.Null(_agents.Use("y"));
    }

    [Fact]
    public void Apply_ClassThatIsConfiguredAsAKind_IsOfThatKind()
    {
        Apply("classy: { kind: fake, word: instead }");
        Assert.Equal("instead", Word("classy"));
        Apply("classy: { priority: 3 }");
        Assert.IsType<Classy>(_agents.Use("classy")!.Value.Agent);
    }

    [Fact]
    public void Apply_AgentThatIsDisabledOrServedElsewhere_IsNotMade()
    {
        Apply("x: { kind: fake, enabled: false }", "y: { kind: fake, queue: elsewhere }");
        Assert.Empty(_kind.Made);
    }

    [Fact]
    public void Apply_SameKeys_LeavesTheInstance()
    {
        Apply("x: { kind: fake, word: one }");
        Apply("x: { kind: fake, word: one, priority: 7, timeout: 3s }");
        Assert.Single(_kind.Made);
    }

    // A model is loaded for the memory that it may have.
    [Fact]
    public void Apply_OtherResources_MakesAnotherInstance()
    {
        Apply("x: { kind: fake, word: one, resources: { gpu_memory_mb: 8 } }");
        Apply("x: { kind: fake, word: one, resources: { gpu_memory_mb: 9 } }");
        Assert.Equal(2, _kind.Made.Count);
    }

    [Fact]
    public async Task Apply_OtherKeys_TheNextFollowsWhenItIsReadyAndTheOneBeforeEndsWithItsInvocations()
    {
        Apply("x: { kind: fake, word: one }");
        var running = _agents.Use("x")!.Value;
        Apply("x: { kind: fake, word: two }");
        Assert.Equal("one", Word("x"));

        _kind.Made[1].BecomeReady();
        await Eventually(() => Word("x") == "two");
        Assert.False(_kind.Made[0].IsDisposed);

        running.Dispose();
        await Eventually(() => _kind.Made[0].IsDisposed);
        Assert.False(_kind.Made[1].IsDisposed);
    }

    [Fact]
    public async Task Apply_NextThatDoesNotGetReady_TheOneBeforeStaysAndItIsSaid()
    {
        Apply("x: { kind: fake, word: one }");
        Apply("x: { kind: fake, word: two }");
        _kind.Made[1].Fail("no such file");
        await Eventually(() => _agents.HealthOf("x")!.Condition == AgentCondition.Degraded);
        Assert.EndsWith("does not work: no such file", _agents.HealthOf("x")!.Problem);
        Assert.Equal(["Agent 'x' does not work as configured; the list of agents says why."], _agents.Problems());
        Assert.Equal("one", Word("x"));

        _kind.Made[1].BecomeReady();
        await Eventually(() => Word("x") == "two");
        Assert.Equal(AgentHealth.Healthy, _agents.HealthOf("x"));
        Assert.Empty(_agents.Problems());
    }

    [Fact]
    public async Task Apply_NextThatDoesNotGetReady_ReplacesOneThatDoesNotWorkEither()
    {
        Apply("x: { kind: fake, word: one }");
        _kind.Made[0].Health = AgentHealth.Unhealthy("broken too");
        Apply("x: { kind: fake, word: two }");
        _kind.Made[1].Fail("no such file");
        await Eventually(() => Word("x") == "two" && _kind.Made[0].IsDisposed);
    }

    [Fact]
    public async Task Apply_EditThatIsTakenBack_TheNextIsDropped()
    {
        Apply("x: { kind: fake, word: one }");
        Apply("x: { kind: fake, word: two }");
        Apply("x: { kind: fake, word: one }");
        await Eventually(() => _kind.Made[1].IsDisposed);
        _kind.Made[1].BecomeReady();
        Assert.Equal(("one", 2), (Word("x"), _kind.Made.Count));
        Assert.False(_kind.Made[0].IsDisposed);
    }

    [Fact]
    public async Task Apply_EditsInARow_OnlyTheLastOneFollows()
    {
        Apply("x: { kind: fake, word: one }");
        Apply("x: { kind: fake, word: two }");
        Apply("x: { kind: fake, word: three }");
        _kind.Made[1].BecomeReady();
        _kind.Made[2].BecomeReady();
        await Eventually(() => Word("x") == "three" && _kind.Made[0].IsDisposed && _kind.Made[1].IsDisposed);
    }

    [Fact]
    public async Task Apply_AgentThatIsGone_EndsWithItsInvocations()
    {
        Apply("x: { kind: fake }");
        var running = _agents.Use("x")!.Value;
        Apply();
        Assert.Null(_agents.Use("x"));
        Assert.False(_kind.Made[0].IsDisposed);
        running.Dispose();
        await Eventually(() => _kind.Made[0].IsDisposed);
    }

    [Fact]
    public async Task Dispose_WhileAnInvocationRuns_LetsGoOfEverything()
    {
        Apply("x: { kind: fake, word: one }");
        _agents.Use("x");
        Apply("x: { kind: fake, word: two }");
        await _agents.DisposeAsync();
        Assert.All(_kind.Made, m => Assert.True(m.IsDisposed));
    }

    private string Word(string name)
    {
        using var use = _agents.Use(name)!.Value;
        return ((FakeKindAgent)use.Agent).Word;
    }

    private void Apply(params string[] agents)
    {
        var yaml = agents.Length == 0 ? "agents: {}" : "agents:\n" + string.Concat(agents.Select(a => $"  {a}\n"));
        var result = ConfigReader.Read([new ConfigFile("agents.yaml", yaml)], _catalog);
        Assert.Empty(result.Problems);
        _agents.Apply(result.Config!);
    }

    private static async Task Eventually(Func<bool> condition)
    {
        var until = DateTime.UtcNow.AddSeconds(20);
        while (!condition())
        {
            Assert.True(DateTime.UtcNow < until, "It has not come to that within 20 s.");
            await Task.Delay(5);
        }
    }

    [Agent("classy")]
    private sealed class Classy : IAgent
    {
        public ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken) =>
            ValueTask.FromResult(Json.Null);
    }
}
