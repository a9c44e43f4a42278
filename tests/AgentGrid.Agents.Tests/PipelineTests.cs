using AgentGrid.Core.Agents;

namespace AgentGrid.Agents.Tests;

public sealed class PipelineTests
{
    public static TheoryData<string> Generators => ["motion_generator", "motion_backup"];

    [Fact]
    public void Pipeline_QuickStart_ShowsThePeeksThatWerePosted()
    {
        var run = Pipeline.Run(Pipeline.Generator, Snapshots.QuickStart);

        Assert.Equal("p1", run.Perception.Element.GetProperty("primary_player").GetString());
        Assert.Equal(105, run.Motion.Element.GetProperty("frame_count").GetInt32());
        Assert.True(run.Kinematics.Element.GetProperty("valid").GetBoolean(), run.Kinematics.ToString());
        Assert.True(run.Timing.Element.GetProperty("valid").GetBoolean(), run.Timing.ToString());
        Assert.Equal(3, run.Timing.Element.GetProperty("found").GetInt32());
        Assert.InRange(run.Timing.Element.GetProperty("worst_error_s").GetDouble(), 0, 0.05);
        Assert.InRange(run.Quality.Element.GetProperty("score").GetDouble(), 0.8, 1);
        Assert.InRange(run.Motion.Utf8.Length, 10_000, 150_000);
    }

    [Theory, MemberData(nameof(Generators))]
    public void Pipeline_RandomSnapshots_AreAcceptedByTheValidators(string name)
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var run = Pipeline.Run(Generator(name), Snapshots.Random(seed));

            Assert.True(
                run.Kinematics.Element.GetProperty("valid").GetBoolean()
                && run.Timing.Element.GetProperty("valid").GetBoolean()
                && run.Quality.Element.GetProperty("smoothness").GetDouble() > 0.5,
                $"seed {seed}: {run.Kinematics}\n{run.Timing}\n{run.Quality}\n{run.Prompt}");
        }
    }

    [Theory, MemberData(nameof(Generators))]
    public void Pipeline_SameInput_SameBytes(string name)
    {
        var first = Pipeline.Run(Generator(name), Snapshots.Random(7));
        var second = Pipeline.Run(Generator(name), Snapshots.Random(7));

        Assert.Equal(first, second);
        Assert.NotEqual(first.Motion, Pipeline.Run(Generator(name), Snapshots.Random(8)).Motion);
    }

    [Theory]
    [InlineData("motion_generator", 120)]
    [InlineData("motion_generator", 60)]
    [InlineData("motion_generator", 10)]
    [InlineData("motion_generator", 5)]
    [InlineData("motion_generator", 1)]
    [InlineData("motion_backup", 60)]
    [InlineData("motion_backup", 3)]
    public void Pipeline_OtherFrameRates_AreAcceptedByTheValidators(string name, int fps)
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var posted = Snapshots.Random(seed);
            var run = Pipeline.Run(Generator(name), $$"""{"fps": {{fps}}, {{posted[1..]}}""");

            Assert.Equal(
                name == "motion_backup" ? Math.Min(15, fps) : fps, run.Motion.Element.GetProperty("fps").GetDouble());
            Assert.True(
                run.Kinematics.Element.GetProperty("valid").GetBoolean()
                && run.Timing.Element.GetProperty("valid").GetBoolean(),
                $"seed {seed}: {run.Kinematics}\n{run.Timing}\n{run.Quality}\n{run.Prompt}");
        }
    }

    private static IAgent Generator(string name) => name == "motion_backup" ? Pipeline.Backup : Pipeline.Generator;
}
