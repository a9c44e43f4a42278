using AgentGrid.Conformance.Cast;
using AgentGrid.Conformance.Hosting;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>Who goes first of a run's attempts that wait for a slot.</summary>
public abstract class OrderTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    // By the timeouts short goes first, and by what they take long: much work is behind it.
    private const string Plan = """
        {
          "short": {"agent": "solo", "timeout": "120s"},
          "other": {"agent": "solo", "timeout": "90s"},
          "long":  {"agent": "solo", "timeout": "10s"},
          "work":  {"agent": "alpha", "needs": ["long"], "timeout": "60s"}
        }
        """;

    private static readonly string[] s_byTimeouts = ["short", "other", "long"];

    [Fact]
    public async Task Wait_StepsHaveRunBefore_TheMostWorkBehindGoesFirst()
    {
        await LearnAsync();

        // In a cluster each silo learns from the runs that it drives.
        var (run, number) = (await RunWhenAllWaitAsync(3), 3);
        while ((FirstOf(run) != "long" || !WhyWaits(run).EndsWith(" it", StringComparison.Ordinal)) && number < 20)
        {
            run = await RunWhenAllWaitAsync(++number);
        }

        Assert.Equal("long", FirstOf(run));
        Assert.Matches(@"of work (behind|in) it$", WhyWaits(run));
    }

    [Fact]
    public async Task Wait_EngineWasRestarted_ItsJournalSaysHowLongStepsTake()
    {
        await LearnAsync();
        await Host.StopAsync();
        await Host.StartAsync(Setup);
        var gate = Script.Gate("never");
        Script.On("solo", call => call.AnswerAfterAsync(gate));

        // None of them ends, so nothing is learned of them.
        await Limits.EventuallyAsync(
            async () =>
            {
                var run = await AcceptAsync(Plan);
                await WaitingAsync("solo", 2);
                var details = await Grid.GetRunAsync(run.RunId);
                Assert.IsType<CommandResult.Done>(await Grid.CommandAsync(run.RunId, new RunCommand.Cancel("seen")));
                await AllSlotsFreeAsync();
                return s_byTimeouts.All(step => StepOf(details!, step).Attempts[0].Decision!.Why.Contains("s of work ", StringComparison.Ordinal));
            },
            () => new("what earlier runs took is not known"));
    }

    // In the first run the agents are cold.
    private async Task LearnAsync()
    {
        Script.On("alpha", static async call =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500));
            return call.Answer();
        });
        Assert.Equal("short", FirstOf(await RunWhenAllWaitAsync(1)));
        await RunWhenAllWaitAsync(2);
    }

    // A run whose steps all wait before any of them has its slot.
    private async Task<RunDetails> RunWhenAllWaitAsync(int number)
    {
        var gate = Script.Gate($"gate {number}");
        Script.On("solo", async call => call.Invocation.Step == "hold" ? await call.AnswerAfterAsync(gate) : call.Answer());
        var calls = Script.Calls("solo").Count;
        var holding = await AcceptAsync("""{"hold": {"agent": "solo"}}""");
        await Script.StartedAsync("solo", calls + 1);
        var run = await AcceptAsync(Plan);
        await WaitingAsync("solo", 3);
        gate.Open();
        AssertCompleted(await EndOfAsync(holding));
        var ended = await EndOfAsync(run);
        AssertCompleted(ended);
        return ended;
    }

    private static string WhyWaits(RunDetails run) => Assert.Single(StepOf(run, "short").Attempts).Decision!.Why;

    private string FirstOf(RunDetails run) => CallsOf(run).First(c => c.Agent == "solo").Invocation.Step;
}
