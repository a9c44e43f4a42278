using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;
using static AgentGrid.Kinds.Tests.Process.ProcessAgentTests;
using static AgentGrid.Kinds.Tests.Process.Programs;

namespace AgentGrid.Kinds.Tests.Process;

/// <summary>How processes begin, are kept, and end.</summary>
public sealed class ProcessLifeTests
{
    [Fact]
    public async Task WarmUp_ProgramThatIsNotThere_IsSaidAndShownAsUnhealthy()
    {
        await using var agent = Command("no-such-program").Agent();
        var error = await Assert.ThrowsAsync<AgentException>(() => agent.WarmUpAsync(default));
        Assert.Equal(("process_unavailable", true), (error.Code, error.Retryable));
        Assert.StartsWith("There is no program 'no-such-program' on the path, ", error.Message);
        Assert.Equal(AgentHealth.Unhealthy(error.Message), agent.Health);
    }

    [Fact]
    public async Task WarmUp_FolderThatIsNotThere_IsSaid()
    {
        await using var agent = Python("echo").InFolder("/no/such/folder").Agent();
        var error = await Assert.ThrowsAsync<AgentException>(() => agent.WarmUpAsync(default));
        Assert.Equal("There is no working folder '/no/such/folder'.", error.Message);
    }

    [Fact]
    public async Task WarmUp_ModuleThatIsNotThere_IsSaidInPythonsWords()
    {
        await using var agent = Command("python3", "-m", "agentgrid.worker", "no_such_module").Agent();
        var error = await Assert.ThrowsAsync<AgentException>(() => agent.WarmUpAsync(default));
        Assert.Contains("ModuleNotFoundError: No module named 'no_such_module'", error.Message);
    }

    [Fact]
    public async Task WarmUp_ProgramThatDoesNotGetReady_IsEndedAfterItsStartTimeout()
    {
        await using var agent = (Shell("echo waiting >&2; sleep 3600") with { StartTimeout = TimeSpan.FromSeconds(0.5) }).Agent();
        var error = await Assert.ThrowsAsync<AgentException>(() => agent.WarmUpAsync(default));
        Assert.Contains("was not ready within 0.5 s (start_timeout). Its last lines: waiting", error.Message);
    }

    [Fact]
    public async Task CrashLoop_StartsAreFurtherAndFurtherApartAndAttemptsAreToldWhenTheNextIs()
    {
        using var starts = new TemporaryFile();
        var log = new TestLog();
        await using var agent = Shell($"echo x >> {starts.Path}; echo broken >&2; exit 3").Agent(log: log);
        await Assert.ThrowsAsync<AgentException>(() => agent.WarmUpAsync(default));
        await WaitFor(() => log.Lines.Any(l => l.Contains("failed 3 times in a row, the next start is in 2 s")));

        var before = starts.Text!.Length;
        var error = await Assert.ThrowsAsync<AgentException>(() => RunAsync(agent, "{}"));
        Assert.Equal(("process_unavailable", true), (error.Code, error.Retryable));
        Assert.Contains("ended with exit code 3 before it was ready. Its last lines: broken", error.Message);
        Assert.InRange(error.RetryAfter!.Value, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(2));
        Assert.Equal(AgentCondition.Unhealthy, agent.Health.Condition);
        Assert.Equal(before, starts.Text!.Length);
        Assert.Contains(log.Lines, l => l.Contains("failed 2 times in a row, the next start is in 1 s"));
    }

    [Fact]
    public async Task CrashLoop_ProgramThatWorksAgain_IsHealthyAgain()
    {
        using var mended = new TemporaryFile();
        await using var agent = Shell($$$"""
            [ -e {{{mended.Path}}} ] || exit 3
            read -r l; echo '{"id":0,"result":{}}'; n=1; while read -r l; do echo "{\"id\":$n,\"result\":$n}"; n=$((n+1)); done
            """).Agent();
        await Assert.ThrowsAsync<AgentException>(() => agent.WarmUpAsync(default));
        await File.WriteAllTextAsync(mended.Path, "");
        await WaitFor(() => agent.Health == AgentHealth.Healthy);
        Assert.Equal("1", (await RunAsync(agent, "{}")).ToString());
    }

    [Fact]
    public async Task Processes_EachHasOneAttemptAtATimeAndTheOthersWaitInTurn()
    {
        await using var agent = (Python("work") with { Processes = 2 }).Agent();
        var outputs = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => RunAsync(agent, """{"do":"progress"}""")));
        Assert.Equal(2, outputs.Select(o => o.Element.GetProperty("pid").GetInt32()).Distinct().Count());
    }

    [Fact]
    public async Task Processes_AttemptThatWaitsForOne_CanBeCancelled()
    {
        await using var agent = Python("work").Agent();
        var reports = new Reports();
        using var cancellation = new CancellationTokenSource();
        var first = agent.InvokeAsync(Invocation("""{"do":"wait"}""", reports), cancellation.Token).AsTask();
        await reports.First;
        using var second = new CancellationTokenSource();
        var waiting = agent.InvokeAsync(Invocation("{}"), second.Token).AsTask();
        await second.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await cancellation.CancelAsync();
        await first.WaitAsync(TimeSpan.FromSeconds(20));
        await PidAsync(agent);
    }

    [Fact]
    public async Task MaxTasksPerProcess_IsReplacedAfterThatMany()
    {
        await using var agent = (Python("work") with { MaxTasksPerProcess = 2 }).Agent();
        var pids = new List<int>();
        for (var i = 0; i < 5; i++)
        {
            pids.Add(await PidAsync(agent));
        }
        Assert.Equal([2, 2, 1], pids.GroupBy(p => p).Select(g => g.Count()));
    }

    [Fact]
    public async Task MaxMemory_ProcessThatHasGrownBeyond_IsReplaced()
    {
        await using var agent = (Python("work") with { MaxMemoryBytes = 100 << 20 }).Agent();
        var before = await PidAsync(agent);
        Assert.Equal(before, await PidAsync(agent));
        await RunAsync(agent, """{"do":"memory","bytes":150000000}""");
        Assert.NotEqual(before, await PidAsync(agent));
    }

    [Fact]
    public async Task IdleTimeout_ProcessWithoutWork_EndsAndComesBackForTheNextAttempt()
    {
        await using var agent = (Python("work") with { IdleTimeout = TimeSpan.FromSeconds(0.4) }).Agent();
        var before = await PidAsync(agent);
        await WaitFor(() => !IsAlive(before));
        Assert.NotEqual(AgentCondition.Unhealthy, agent.Health.Condition);
        Assert.NotEqual(before, await PidAsync(agent));
    }

    [Fact]
    public async Task Idle_ProcessThatIsKilled_IsReplacedBeforeItIsMissed()
    {
        var log = new TestLog();
        await using var agent = Python("work").Agent(log: log);
        var before = await PidAsync(agent);
        System.Diagnostics.Process.GetProcessById(before).Kill();
        await WaitFor(() => log.Lines.Any(l => l.Contains("ended with exit code 137 while it had nothing to do")));
        Assert.NotEqual(before, await PidAsync(agent));
    }

    [Fact]
    public async Task Environment_IsCleanButForWhatIsNamed()
    {
        Environment.SetEnvironmentVariable("TEST_OF_KINDS_SECRET", "s3cret");
        await using var agent = Python("told").WithVariable("NAMED", "Bearer ${env:TEST_OF_KINDS_SECRET}").Agent();
        var told = (await RunAsync(agent, "{}")).Element;
        var environment = told.GetProperty("environment").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString());
        Assert.Equal("Bearer s3cret", environment["NAMED"]);
        Assert.Equal(Folder, told.GetProperty("folder").GetString());
        // Python may set LC_CTYPE for itself; pyenv's python3 is a script that sets what is its own.
        Assert.Empty(environment.Keys.Where(k => !k.TrimStart('_').StartsWith("PYENV_", StringComparison.Ordinal)).Except(
            ["PATH", "HOME", "LANG", "TZ", "PYTHONUNBUFFERED", "PYTHONPATH", "NAMED", "LC_CTYPE", "PWD", "SHLVL", "_"]));
    }

    [Fact]
    public async Task Secret_ThatIsNotThere_KeepsTheAgentFromStartingAndIsNamed()
    {
        await using var agent = Python("echo").WithVariable("X", "${env:NOT_THERE}").Agent();
        Assert.Equal("NOT_THERE", (await Assert.ThrowsAsync<AgentException>(() => agent.WarmUpAsync(default))).Message);
    }

    [Fact]
    public async Task Secret_ThatAProgramRepeats_IsShownAsTheReference()
    {
        Environment.SetEnvironmentVariable("TEST_OF_KINDS_TOKEN", "t0p-s3cret");
        var settings = Shell("""
            read -r l; echo '{"id":0,"result":{}}'
            read -r l; echo "{\"id\":1,\"error\":{\"code\":-32000,\"message\":\"refused $TOKEN\"}}"
            read -r l; echo "cannot log in with $TOKEN" >&2; exit 3
            """);
        await using var agent = settings.WithVariable("TOKEN", "${env:TEST_OF_KINDS_TOKEN}").Agent();
        var refused = await Assert.ThrowsAsync<AgentException>(() => RunAsync(agent, "{}"));
        Assert.Equal("refused ${env:TEST_OF_KINDS_TOKEN}", refused.Message);
        var died = await Assert.ThrowsAsync<AgentException>(() => RunAsync(agent, "{}"));
        Assert.EndsWith("Its last lines: cannot log in with ${env:TEST_OF_KINDS_TOKEN}", died.Message);
    }

    [Fact]
    public async Task PerGpu_EachGpuHasAProcessThatSeesItAlone()
    {
        await using var agent = (Python("told") with { PerGpu = true }).Agent();
        var pids = new HashSet<int>();
        foreach (var gpu in new int?[] { 0, 1, 0, null })
        {
            var told = (await agent.InvokeAsync(Invocation("{}", gpu: gpu), default)).Element;
            pids.Add(told.GetProperty("pid").GetInt32());
            var environment = told.GetProperty("environment");
            Assert.Equal(
                gpu?.ToString(System.Globalization.CultureInfo.InvariantCulture),
                environment.TryGetProperty("CUDA_VISIBLE_DEVICES", out var visible) ? visible.GetString() : null);
            Assert.Equal(gpu is not null, environment.TryGetProperty("CUDA_DEVICE_ORDER", out _));
        }
        Assert.Equal(3, pids.Count);
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 1)]
    public async Task PerGpu_WarmUp_StartsNoProcessForMemoryThatNobodyHas(bool leasesGpu, int ready)
    {
        await using var agent = (Python("told") with { PerGpu = true }).Agent(leasesGpu: leasesGpu);
        await agent.WarmUpAsync(default);
        Assert.Equal((ready, AgentHealth.Healthy), (agent.Ready, agent.Health));
    }

    [Fact]
    public async Task Dispose_EndsTheProcessesAndWhatTheyHaveStarted()
    {
        int pid, child;
        await using (var agent = Python("work").Agent())
        {
            var spawned = (await RunAsync(agent, """{"do":"spawn"}""")).Element;
            (pid, child) = (spawned.GetProperty("pid").GetInt32(), spawned.GetProperty("child").GetInt32());
            Assert.True(IsAlive(child));
        }
        await WaitFor(() => !IsAlive(pid) && !IsAlive(child));
    }

    [Fact]
    public async Task Dispose_WhileItStarts_DoesNotWaitForTheStart()
    {
        var agent = Shell("exec sleep 3600").Agent();
        var warming = agent.WarmUpAsync(default);
        await agent.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));
        await Assert.ThrowsAsync<AgentException>(() => warming);
    }

    [Fact]
    public async Task ManyProcesses_NeedNoThreadEach()
    {
        await using var agent = (Shell("read -r l; echo '{\"id\":0,\"result\":{}}'; read -r l") with { Processes = 40 }).Agent();
        await agent.WarmUpAsync(default);
        await WaitFor(() => agent.Ready == 40);
        Assert.InRange(System.Diagnostics.Process.GetCurrentProcess().Threads.Count, 1, 40);
    }

    // One that has ended and has not been waited for is none.
    internal static bool IsAlive(int pid)
    {
        try
        {
            var state = File.ReadAllText($"/proc/{pid}/stat");
            return state[state.LastIndexOf(')') + 2] != 'Z';
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
