using AgentGrid.Agents.Motion;
using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Agents.Tests.Motion;

public sealed class MotionGeneratorAgentTests
{
    private static readonly IAgent Generator = new MotionGeneratorAgent();
    private static readonly IAgent Backup = new MotionBackupAgent();

    [Theory]
    [InlineData("duration", "0.1", 3)]
    [InlineData("duration", "60", 1800)]
    [InlineData("fps", "1", 4)]
    [InlineData("fps", "120", 420)]
    [InlineData("duration", "null", 105)]
    public void Invoke_BoundsOfDurationAndFps_AreInclusive(string name, string value, int frames)
    {
        var motion = Invocations.Run(Generator, Snapshots.QuickStart, $$"""{"{{name}}": {{value}}}""").Element;

        Assert.Equal(frames, motion.GetProperty("frame_count").GetInt32());
        Assert.Equal(frames, motion.GetProperty("frames").GetArrayLength());
    }

    [Theory]
    [InlineData("duration", "0.09", "0.1 to 60")]
    [InlineData("duration", "60.01", "0.1 to 60")]
    [InlineData("duration", "-1", "0.1 to 60")]
    [InlineData("duration", "1e999", "0.1 to 60")]
    [InlineData("duration", "\"long\"", "\"long\"")]
    [InlineData("fps", "0", "1 to 120")]
    [InlineData("fps", "121", "1 to 120")]
    [InlineData("fps", "[30]", "[30]")]
    public void Invoke_OutOfBounds_SaysTheBounds(string name, string value, string says)
    {
        foreach (var agent in (IAgent[])[Generator, Backup])
        {
            var invocation = Invocations.Of(agent, Snapshots.QuickStart, $$"""{"{{name}}": {{value}}}""");
            Refusal.Of(agent, invocation, "bad_input", $"'{name}'", says, invocation.Agent);
        }
    }

    [Theory]
    [InlineData("""{"duration": 1e9}""", "'duration'")]
    [InlineData("""{"fps": 0}""", "'fps'")]
    [InlineData("""{"peeks": "often"}""", "$.peeks")]
    [InlineData("""{"tempo": "frantic"}""", "$.tempo")]
    public void Invoke_DirectionsThatCannotBe_AreRefused(string directions, string says)
    {
        var prompt = Json.Parse($$"""{"directions": {{directions}}}""");

        Refusal.Of(Generator, Invocations.Of(Generator, results: ("prompt", prompt)), "bad_input", says);
    }

    [Fact]
    public void Invoke_DirectionsUnderAnyStep_AreFollowed()
    {
        var prompt = Json.Parse("""{"directions": {"peeks": [3, 1], "duration": 4, "player": "p9"}}""");
        var motion = Invocations.Run(Generator, Snapshots.QuickStart, null, ("words", prompt)).Element;

        Assert.Equal("[1,3]", motion.GetProperty("peeks").GetRawText());
        Assert.Equal(120, motion.GetProperty("frame_count").GetInt32());
        Assert.Equal("p9", motion.GetProperty("player").GetString());
    }

    [Fact]
    public void Invoke_DirectionsInTheStepsInput_AreFollowed()
    {
        var motion = Invocations.Run(Generator, "{}", """{"directions": {"peeks": [0.5], "duration": 1}}""").Element;

        Assert.Equal("[0.5]", motion.GetProperty("peeks").GetRawText());
        Assert.Equal(30, motion.GetProperty("frame_count").GetInt32());
    }

    [Fact]
    public void Invoke_NothingKnown_StandsForTwoSeconds()
    {
        var motion = Invocations.Run(Generator).Element;

        Assert.Equal(60, motion.GetProperty("frame_count").GetInt32());
        Assert.Equal(0, motion.GetProperty("peeks").GetArrayLength());
        Assert.False(motion.TryGetProperty("player", out _));
    }

    [Fact]
    public void Invoke_PeeksTooCloseForABody_AreOneMovement()
    {
        var motion = Invocations.Run(Generator, Snapshots.WithPeeks(1, 1.1, 1.2, 1.3, 2)).Element;

        Assert.Equal("[1,1.3,2]", motion.GetProperty("peeks").GetRawText());
    }

    [Fact]
    public void Invoke_ShorterThanThePeeks_ShowsThoseThatFit()
    {
        var motion = Invocations.Run(Generator, Snapshots.QuickStart, """{"duration": 1.6}""").Element;

        Assert.Equal("[1]", motion.GetProperty("peeks").GetRawText());
    }

    [Fact]
    public void Invoke_Frames_KeepTheFeetWhereTheyAre()
    {
        var frames = Invocations.Run(Generator, Snapshots.QuickStart).Element.GetProperty("frames");

        foreach (var foot in (int[])[Skeleton.LeftAnkle, Skeleton.RightAnkle, Skeleton.LeftFoot, Skeleton.RightFoot])
        {
            Assert.Single(frames.EnumerateArray().Select(f => f[foot].GetRawText()).Distinct());
        }
    }

    [Fact]
    public void Invoke_AtAPeek_TheHeadIsFurthestOut()
    {
        var frames = Invocations.Run(Generator, Snapshots.WithPeeks(1)).Element.GetProperty("frames");
        var head = frames.EnumerateArray().Select(f => f[Skeleton.Head][0].GetDouble()).ToList();

        Assert.Equal(30, head.IndexOf(head.Min()));
        Assert.InRange(-head[30], 0.9 * BodyPose.HeadTravel, 1.1 * BodyPose.HeadTravel);
        Assert.Equal(0, head[15]);
        Assert.Equal(0, head[45]);
    }

    [Fact]
    public void Invoke_Backup_IsCoarser()
    {
        var full = Invocations.Run(Generator, Snapshots.QuickStart);
        var coarse = Invocations.Run(Backup, Snapshots.QuickStart);

        Assert.Equal(15, coarse.Element.GetProperty("fps").GetDouble());
        Assert.Equal("motion_backup", coarse.Element.GetProperty("generator").GetString());
        Assert.InRange(coarse.Utf8.Length, 1, full.Utf8.Length * 0.6);
    }

    [Fact]
    public void Invoke_CancelledOnTheWay_Stops()
    {
        using var cancellation = new CancellationTokenSource();
        var progress = new RecordedProgress(cancellation.Cancel);
        var invocation = Invocations.Of(Generator, Snapshots.QuickStart, progress: progress);

        Assert.ThrowsAny<OperationCanceledException>(() => Invocations.Run(Generator, invocation, cancellation.Token));
        Assert.Single(progress.Fractions);
    }

    [Fact]
    public void Invoke_LongMotion_ReportsProgressAFewTimes()
    {
        var progress = new RecordedProgress();
        Invocations.Run(Generator, Invocations.Of(Generator, "{}", """{"duration": 30}""", progress));

        Assert.Equal([0.333, 0.667], progress.Fractions.Select(f => Math.Round(f, 3)));
    }

    [Fact]
    public void Invoke_Output_IsValidJsonWithoutNegativeZero()
    {
        var motion = Invocations.Run(Generator, Snapshots.QuickStart);

        Assert.Equal(motion, Json.Parse(motion.Utf8.Span));
        Assert.DoesNotContain("-0,", motion.ToString());
        Assert.DoesNotContain("-0]", motion.ToString());
        Assert.All(
            motion.Element.GetProperty("frames").EnumerateArray(),
            f => Assert.Equal(Skeleton.Count, f.EnumerateArray().Count(p => p.GetArrayLength() == 3)));
    }
}
