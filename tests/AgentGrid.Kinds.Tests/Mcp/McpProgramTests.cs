using System.Text.Json;
using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Mcp;
using AgentGrid.Kinds.Tests.Http;
using AgentGrid.Kinds.Tests.Process;
using AgentGrid.TestKit;

namespace AgentGrid.Kinds.Tests.Mcp;

/// <summary>An attempt by a tool of a program that is spoken to over its stdin and stdout.</summary>
public sealed class McpProgramTests : IAsyncLifetime
{
    private readonly TestLog _log = new();
    private IKindAgent _agent = null!;

    public ValueTask InitializeAsync()
    {
        _agent = Agent();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _agent.DisposeAsync();

    [Fact]
    public async Task Invoke_EnvironmentIsCleanAndTheProgramIsKept()
    {
        Environment.SetEnvironmentVariable("TEST_OF_MCP_SECRET", "s3cret");
        var told = (await _agent.RunAsync("""{"do":"told"}""")).Element;
        var again = (await _agent.RunAsync("""{"do":"told"}""")).Element;
        Assert.Equal(told.GetProperty("pid").GetInt32(), again.GetProperty("pid").GetInt32());
        Assert.False(told.GetProperty("environment").TryGetProperty("TEST_OF_MCP_SECRET", out _));
        Assert.Equal("named", told.GetProperty("environment").GetProperty("NAMED").GetString());
        Assert.Equal("01a202f6e0647131bc18100a246f23e1/step/2", told.GetProperty("meta").GetProperty("agentgrid/idempotency_key").GetString());
        Assert.Equal(AgentHealth.Healthy, _agent.Health);
    }

    [Fact]
    public async Task Cancel_IsToldAndOtherCallsGoOn()
    {
        using var mark = new TemporaryFile();
        using var cancellation = new CancellationTokenSource();
        var reports = new Reports();
        var waiting = _agent.InvokeAsync(
            Programs.Invocation(JsonSerializer.Serialize(new { @do = "wait", mark = mark.Path }), reports), cancellation.Token).AsTask();
        await reports.First;
        Assert.Equal((0.25, "waiting"), reports.All[0]);
        Assert.Equal("""{"x": 1}""", (await _agent.RunAsync("""{"x":1}""")).ToString());

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting).WaitAsync(Agents.Soon);
        await Limits.UntilAsync(() => mark.Text == "cancelled", () => "not told");
        await _agent.RunAsync();
    }

    [Fact]
    public async Task Crash_FailsTheAttemptWithTheLastWordsAndTheNextFindsANewProgram()
    {
        var before = (await _agent.RunAsync("""{"do":"told"}""")).Element.GetProperty("pid").GetInt32();
        var error = await _agent.FailAsync("""{"do":"die"}""");
        Assert.Equal(("process_died", true), (error.Code, error.Retryable));
        Assert.Contains("ended with exit code 7", error.Message);
        Assert.Contains("these are my last words", error.Message);
        Assert.NotEqual(before, (await _agent.RunAsync("""{"do":"told"}""")).Element.GetProperty("pid").GetInt32());
    }

    [Fact]
    public async Task TooLarge_FailsForGoodAndTheNextFindsANewProgram()
    {
        var error = await _agent.FailAsync("""{"do":"large","size":1000000}""");
        Assert.Equal(("output_too_large", false), (error.Code, error.Retryable));
        await _agent.RunAsync();
    }

    [Fact]
    public async Task LineThatIsNoMessage_IsPassedOver() =>
        Assert.Equal("""{"do": "chatter"}""", (await _agent.RunAsync("""{"do":"chatter"}""")).ToString());

    [Fact]
    public async Task Dispose_EndsTheProgram()
    {
        var pid = (await _agent.RunAsync("""{"do":"told"}""")).Element.GetProperty("pid").GetInt32();
        await _agent.DisposeAsync();
        Assert.False(ProcessLifeTests.IsAlive(pid));
        _agent = Agent();
    }

    [Fact]
    public async Task Program_ThatDoesNotSpeak_IsNotReady()
    {
        await using var agent = Agents.Of(
            new McpKind(), """kind: mcp, command: [sh, -c, "echo I cannot >&2; exit 3"], tool: work""", log: _log);
        var error = await Assert.ThrowsAsync<AgentException>(() => agent.WarmUpAsync(default));
        Assert.Equal(("process_unavailable", true), (error.Code, error.Retryable));
        Assert.Contains("ended with exit code 3 before it was ready. Its last lines: I cannot", error.Message);
        Assert.Equal(AgentHealth.Unhealthy(error.Message), agent.Health);
    }

    [Fact]
    public async Task Program_ThatIsDeaf_IsGivenUpAfterItsTime()
    {
        await using var agent = Agents.Of(new McpKind(), "kind: mcp, command: [sleep, \"60\"], tool: work, start_timeout: 100ms");
        var error = await Assert.ThrowsAsync<AgentException>(() => agent.WarmUpAsync(default));
        Assert.Equal("process_unavailable", error.Code);
        Assert.Contains("was not ready within 0.1 s (start_timeout)", error.Message);
    }

    private IKindAgent Agent() => Agents.Of(
        new McpKind(),
        $"kind: mcp, command: [python3, mcp_tools.py], working_directory: \"{Programs.Folder}\", env: {{ NAMED: named }}, tool: work", log: _log);
}
