using AgentGrid.Conformance.Hosting;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>Whom or what runs are for.</summary>
public abstract class LabelsTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    [Fact]
    public async Task Labels_OfPlanAndRequest_AreKeptAndFound()
    {
        var gate = Script.Gate();
        Script.On("solo", call => call.AnswerAfterAsync(gate));
        const string OneStep = """{"a": {"agent": "alpha"}}""";
        var blue = Request("""{"a": {"agent": "solo"}}""", settings: "\"labels\": {\"env\": \"prod\"}") with { Labels = Labels.Of(("team", "blue")) };
        var running = await AcceptAsync(blue);
        var ended = await AcceptAsync(Request(OneStep) with { Labels = Labels.Of(("team", "blue"), ("env", "test")) });
        await EndOfAsync(ended);
        var late = await AcceptAsync(Request(OneStep) with { Labels = Labels.Of(("team", "red")), Delay = TimeSpan.FromHours(1) });
        await RunAsync(OneStep);
        await SeenAsync(running, "solo:start");

        await FoundAsync();
        await Host.CrashAsync();
        await Host.StartAsync(Setup);
        await FoundAsync();

        // They are no part of what was posted, and the first post decides.
        var again = Assert.IsType<SubmitResult.Replayed>(await Grid.SubmitAsync(blue with { Labels = Labels.Of(("team", "red")) }));
        Assert.Equal(running.Labels, again.Run.Labels);
        gate.Open();
        var details = await EndOfAsync(running);
        Assert.Equal("env:prod, team:blue", details.Summary.Labels!.ToString());
        await FoundAsync();

        async Task FoundAsync()
        {
            Assert.Equal([ended.RunId, running.RunId], await IdsAsync(new RunQuery { Labels = Labels.Of(("team", "blue")) }));
            Assert.Equal(
                [running.RunId], await IdsAsync(new RunQuery { Labels = Labels.Of(("team", "blue"), ("env", "prod")) }));
            Assert.Equal(
                [ended.RunId], await IdsAsync(new RunQuery(RunStatus.Completed) { Labels = Labels.Of(("env", "test")) }));
            Assert.Equal([late.RunId], await IdsAsync(new RunQuery { Labels = Labels.Of(("team", "red")) }));
            Assert.Empty(await IdsAsync(new RunQuery { Labels = Labels.Of(("team", "green")) }));
        }
    }

    private async Task<IEnumerable<RunId>> IdsAsync(RunQuery query) => (await Grid.ListRunsAsync(query)).Runs.Select(static r => r.RunId);
}
