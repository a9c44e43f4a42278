using AgentGrid.Conformance.Cast;
using AgentGrid.Conformance.Hosting;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>The quick start's plan, and the names of the stages that its users know.</summary>
public abstract class DefaultPlanTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    protected override bool KeepsEngine => true;

    protected override GridSetup Setup { get; } = new() { Files = [Actors.Config, Actors.DefaultPlan] };

    [Fact]
    public async Task Stages_OfTheDefaultPlan_KeepTheirNamesAndOrder()
    {
        Script.On("motion_generator", async call =>
        {
            await Script.StartedAsync("motion_backup");
            return Json.Parse("""{"frame_count": 90}""");
        });
        Script.On("motion_backup", call => call.HangAsync());

        var run = await RunDefaultAsync();

        AssertCompleted(run);
        Assert.Equal(90, run.Result!.Element.GetProperty("frames").GetInt32());
        var stages = await KnownStagesAsync(run);
        Assert.Equal(
            [
                "orchestration:started",
                "perception:start", "perception:done",
                "prompt_generator:start", "prompt:done",
                "motion:speculative_start", "motion_backup:start", "motion_generator:start", "motion:done",
                "kinematics_validator:start", "quality_scorer:start", "timing_validator:start", "validators:done",
                "completed",
            ],
            SortedWithinSteps(stages));
        var completed = Assert.Single(await FeedAsync(), e => e.EndsRun);
        Assert.Equal(90, Json.Parse(completed.Utf8.Span).Element.GetProperty("meta").GetProperty("frames").GetInt32());
    }

    [Fact]
    public async Task Stages_MotionFails_AreMotionFailedAndError()
    {
        Script.On("motion_generator", _ => throw new InvalidOperationException("the GPU is gone"));
        Script.On("motion_backup", _ => throw new InvalidOperationException("so is the other one"));

        var run = await RunDefaultAsync();

        AssertFailed(run);
        var stages = await KnownStagesAsync(run);
        Assert.Equal(["motion:failed", "error"], stages[^2..]);
    }

    [Fact]
    public async Task Stages_NoValidators_AreSkippedWithAnEvent()
    {
        await Host.StopAsync();
        await Host.StartAsync(Setup with { Agents = [.. Actors.All.Where(t => t.Name is not ("Kinematics" or "Timing" or "Scorer"))] });
        Script.On("motion_generator", _ => new(Json.Parse("""{"frame_count": 1}""")));
        Script.On("motion_backup", _ => new(Json.Parse("""{"frame_count": 1}""")));

        var run = await RunDefaultAsync();

        AssertCompleted(run);
        var stages = await KnownStagesAsync(run);
        Assert.Equal(["motion:done", "validators:skipped", "completed"], stages[^3..]);
    }

    [Fact]
    public async Task Plans_NameTheDefaultOne()
    {
        var plan = Assert.Single(await Grid.GetPlansAsync());

        Assert.Equal("tactical_motion", plan.Name);
        Assert.True(plan.IsDefault);
        var run = await RunDefaultAsync();
        Assert.Equal(plan.Name, run.Summary.Plan);
        Assert.Equal(plan.Version, run.Summary.PlanVersion);
    }

    private async Task<RunDetails> RunDefaultAsync() =>
        await EndOfAsync(await AcceptAsync(new SubmitRun(new RunKey(Script.NewMatch(), "round_4"), Json.EmptyObject)));

    // An engine may say more than this, so that only the names which users know are compared.
    private async Task<List<string>> KnownStagesAsync(RunDetails run) =>
        [.. (await FeedAsync(new FeedQuery(RunId: run.Summary.RunId))).Select(e => e.Stage).Where(s =>
            s is "orchestration:started" or "completed" or "error" or "skipped" or "motion:speculative_start"
            || s.EndsWith(":start", StringComparison.Ordinal) || s.EndsWith(":done", StringComparison.Ordinal)
            || s.EndsWith(":failed", StringComparison.Ordinal) || s.EndsWith(":skipped", StringComparison.Ordinal))];

    // Agents that start at once start in any order.
    private static List<string> SortedWithinSteps(List<string> stages)
    {
        var sorted = new List<string>();
        var starts = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var stage in stages)
        {
            if (stage.EndsWith(":start", StringComparison.Ordinal))
            {
                starts.Add(stage);
                continue;
            }
            sorted.AddRange(starts);
            starts.Clear();
            sorted.Add(stage);
        }
        return sorted;
    }
}
