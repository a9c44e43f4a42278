using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Process;
using static AgentGrid.Kinds.Tests.Process.Programs;

namespace AgentGrid.Kinds.Tests.Process;

/// <summary>An attempt by a process, in every way in which it can end.</summary>
public sealed class ProcessAgentTests
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Invoke_InputOverSeveralLines_IsHandedOverAsTheValueThatItIs()
    {
        await using var agent = Python("echo").Agent();
        var output = await agent.InvokeAsync(Invocation("{\n\"a\":\r\n [1, 2.5, \"x\\ny\", \"zwölf €\"],\n \"b\": {}}"), default);
        Assert.Equal("""{"a":[1,2.5,"x\ny","zwölf €"],"b":{}}""", output.ToString());
    }

    [Fact]
    public async Task Invoke_AnyProgram_AnswersWithTheBytesThatItWrote()
    {
        await using var agent = Shell("""
            read -r line; printf '{"id":0, "jsonrpc":"2.0", "result":{}}\r\n'
            read -r line; printf '{"jsonrpc":"2.0","id":1,"result":{ "x" : 1.10 , "y":1e2}}\n'
            read -r line; printf ' { "result" : [ 1.0,2 ] , "id" : 2 }\n'
            read -r line
            """).Agent();
        Assert.Equal("""{ "x" : 1.10 , "y":1e2}""", (await agent.InvokeAsync(Invocation("{}"), default)).ToString());
        Assert.Equal("[ 1.0,2 ]", (await agent.InvokeAsync(Invocation("{}"), default)).ToString());
    }

    [Fact]
    public async Task Invoke_LargeInputAndOutput_ComeWhole()
    {
        await using var agent = Python("echo").Agent(maxOutputBytes: 8 << 20);
        var input = $$"""{"text":"{{new string('x', 5_000_000)}}"}""";
        var output = await agent.InvokeAsync(Invocation(input), default);
        Assert.Equal(input, output.ToString());
        Assert.Equal("{}", (await agent.InvokeAsync(Invocation("{}"), default)).ToString());
    }

    [Fact]
    public async Task Invoke_Invocation_IsToldToTheAgent()
    {
        await using var agent = Python("told").Agent();
        var told = (await agent.InvokeAsync(Invocation("{}"), default)).Element;
        Assert.Equal("01a202f6e0647131bc18100a246f23e1", told.GetProperty("run_id").GetString());
        Assert.Equal("match_1", told.GetProperty("match_id").GetString());
        Assert.Equal("round_1", told.GetProperty("round").GetString());
        Assert.Equal("step", told.GetProperty("step").GetString());
        Assert.Equal(2, told.GetProperty("attempt").GetInt32());
        Assert.Equal("01a202f6e0647131bc18100a246f23e1/step/2", told.GetProperty("key").GetString());
        Assert.InRange(told.GetProperty("left").GetDouble(), 30, 60);
    }

    [Fact]
    public async Task Invoke_ProgressAndTokens_AreReportedInOrder()
    {
        await using var agent = Python("work").Agent();
        var reports = new Reports();
        var invocation = Invocation("""{"do":"progress"}""", reports);
        await agent.InvokeAsync(invocation, default);
        Assert.Equal(1_200, invocation.Tokens);
        Assert.Equal([(0.25, "a quarter"), (0.75, "three quarters")], reports.All);
    }

    [Theory]
    [InlineData("work", "wait")]
    [InlineData("work_async", "")]
    public async Task Cancel_AgentThatListens_HearsItAndItsProcessGoesOn(string name, string what)
    {
        await using var agent = Python(name).Agent();
        using var mark = new TemporaryFile();
        await CancelAsync(agent, $$"""{"do":"{{what}}","mark":"{{mark.Path}}"}""");
        Assert.Equal("cancelled", mark.Text);
        Assert.Equal(AgentCondition.Healthy, agent.Health.Condition);
    }

    [Fact]
    public async Task Cancel_AgentThatDoesNotListen_IsStoppedSoftlyAndItsProcessGoesOn()
    {
        await using var agent = Python("work").Agent(grace: TimeSpan.FromSeconds(4));
        using var mark = new TemporaryFile();
        var before = await PidAsync(agent);
        await CancelAsync(agent, $$"""{"do":"deaf","mark":"{{mark.Path}}"}""");
        Assert.Equal("unwound", mark.Text);
        Assert.Equal(before, await PidAsync(agent));
    }

    [Fact]
    public async Task Cancel_AgentThatCannotBeStopped_IsKilledAfterTheGraceAndReplacedWithoutAPause()
    {
        var log = new TestLog();
        await using var agent = Python("work").Agent(grace: TimeSpan.FromSeconds(1), log: log);
        var before = await PidAsync(agent);
        for (var i = 0; i < 3; i++)
        {
            await CancelAsync(agent, """{"do":"stubborn"}""");
        }
        Assert.NotEqual(before, await PidAsync(agent));
        Assert.Contains(log.Lines, l => l.Contains("went on for 1 s with a cancelled attempt, and was killed"));
        Assert.DoesNotContain(log.Lines, l => l.Contains("in a row"));
    }

    [Fact]
    public async Task Invoke_ProcessEnds_FailsWithItsLastWordsAndTheNextAttemptHasAnother()
    {
        await using var agent = Python("work").Agent();
        var error = await Assert.ThrowsAsync<AgentException>(() => RunAsync(agent, """{"do":"die"}"""));
        Assert.Equal(("process_died", true), (error.Code, error.Retryable));
        Assert.Contains("ended with exit code 7 in the middle of an attempt", error.Message);
        Assert.Contains("these are my last words", error.Message);
        await PidAsync(agent);
    }

    [Fact]
    public async Task Invoke_ProcessIsKilled_SaysThatItMayBeForMemory()
    {
        await using var agent = Python("work").Agent();
        var error = await Assert.ThrowsAsync<AgentException>(() => RunAsync(agent, """{"do":"killed"}"""));
        Assert.Equal("process_died", error.Code);
        Assert.Contains("was killed (SIGKILL), perhaps because the machine was short of memory", error.Message);
    }

    [Theory]
    [InlineData("""{"do":"garbage"}""", "bad_protocol", "it is not JSON")]
    [InlineData("""{"do":"wrong_id"}""", "bad_protocol", "answered 99999, which nobody waits for")]
    [InlineData("""{"do":"flood"}""", "output_too_large", "longer than 100,000 bytes")]
    public async Task Invoke_ProcessBreaksTheProtocol_FailsForGoodAndIsReplaced(string input, string code, string text)
    {
        await using var agent = Python("work").Agent(maxOutputBytes: 100_000);
        var before = await PidAsync(agent);
        var error = await Assert.ThrowsAsync<AgentException>(() => RunAsync(agent, input));
        Assert.Equal((code, false), (error.Code, error.Retryable));
        Assert.Contains(text, error.Message);
        Assert.NotEqual(before, await PidAsync(agent));
    }

    [Fact]
    public async Task Invoke_OutputThatIsTooLarge_FailsAndTheProcessGoesOn()
    {
        await using var agent = Python("work").Agent(maxOutputBytes: 100_000);
        var before = await PidAsync(agent);
        var error = await Assert.ThrowsAsync<AgentException>(() => RunAsync(agent, """{"do":"large","size":100000}"""));
        Assert.Equal(("output_too_large", false), (error.Code, error.Retryable));
        Assert.Equal(100_000, (await RunAsync(agent, """{"do":"large","size":99998}""")).Utf8.Length);
        Assert.Equal(before, await PidAsync(agent));
    }

    [Fact]
    public async Task Invoke_AgentsOwnFailures_ComeWithTheirCodesAndWhenToTryAgain()
    {
        await using var agent = Python("work").Agent();
        var overload = await Assert.ThrowsAsync<AgentException>(() => RunAsync(agent, """{"do":"overload","retry_after":2.5}"""));
        Assert.Equal(
            ("overloaded", "come back later", true, TimeSpan.FromSeconds(2.5)),
            (overload.Code, overload.Message, overload.Retryable, overload.RetryAfter));
        var refused = await Assert.ThrowsAsync<AgentException>(() => RunAsync(agent, """{"do":"refuse"}"""));
        Assert.Equal(("refused", false, null), (refused.Code, refused.Retryable, refused.RetryAfter));
        var thrown = await Assert.ThrowsAsync<AgentException>(() => RunAsync(agent, """{"do":"raise"}"""));
        Assert.Equal(("value_error", "ValueError: a wrong value"), (thrown.Code, thrown.Message));
        Assert.Equal(("ValueError", null), (thrown.Type, refused.Detail));
        Assert.StartsWith("Traceback (most recent call last):", thrown.Detail);
        Assert.Contains("raise ValueError(\"a wrong value\")", thrown.Detail);
    }

    [Fact]
    public async Task Invoke_WhatTheAgentPrints_IsInTheLogUnderItsName()
    {
        var log = new TestLog();
        await using var agent = Python("work").Agent(log: log);
        await Assert.ThrowsAsync<AgentException>(() => RunAsync(agent, """{"do":"raise"}"""));
        await WaitFor(() => log.Lines.Any(l => l.StartsWith("Information: Agent 'tested' (", StringComparison.Ordinal)
            && l.EndsWith("ValueError: a wrong value", StringComparison.Ordinal)));
    }

    internal static async Task<int> PidAsync(ProcessAgent agent) =>
        (await RunAsync(agent, "{}")).Element.GetProperty("pid").GetInt32();

    internal static async Task<Json> RunAsync(ProcessAgent agent, string input) =>
        await agent.InvokeAsync(Invocation(input), default).AsTask().WaitAsync(s_soon);

    internal static async Task CancelAsync(ProcessAgent agent, string input)
    {
        using var cancellation = new CancellationTokenSource();
        var reports = new Reports();
        var attempt = agent.InvokeAsync(Invocation(input, reports), cancellation.Token).AsTask();
        await reports.First;
        await cancellation.CancelAsync();
        try
        {
            // One that listens and answers after that has an output, for which nobody waits.
            await attempt.WaitAsync(s_soon);
        }
        catch (OperationCanceledException e) when (e.CancellationToken == cancellation.Token)
        {
        }
    }

    internal static async Task WaitFor(Func<bool> condition)
    {
        var until = DateTime.UtcNow + s_soon;
        while (!condition())
        {
            Assert.True(DateTime.UtcNow < until, "It has not come to that within 20 s.");
            await Task.Delay(20);
        }
    }
}
