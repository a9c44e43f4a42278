using System.Text.Json;
using System.Text.Json.Nodes;
using AgentGrid.Agents.Motion;
using AgentGrid.Agents.Validation;
using AgentGrid.Core;

namespace AgentGrid.Agents.Tests.Validation;

public sealed class TimingValidatorAgentTests
{
    private static readonly Json Good = Pipeline.Run(Pipeline.Generator, Snapshots.QuickStart).Motion;

    [Fact]
    public void Invoke_GoodMotionWithoutItsOwnList_FindsThePeeksInTheFrames()
    {
        var answer = Run(Damage.To(Good, m => m.Remove("peeks")), Snapshots.QuickStart);

        Assert.True(answer.GetProperty("valid").GetBoolean(), answer.ToString());
        Assert.Equal(3, answer.GetProperty("expected").GetInt32());
        Assert.Equal(3, answer.GetProperty("found").GetInt32());
        Assert.InRange(answer.GetProperty("worst_error_s").GetDouble(), 0, 0.05);
    }

    [Fact]
    public void Invoke_FramesThatBelieTheList_Fails()
    {
        var still = Damage.To(Good, m => m["frames"] = new JsonArray(
            [.. Enumerable.Range(0, 105).Select(_ => m.Frames()[0]!.DeepClone())]));
        var answer = Run(still, Snapshots.QuickStart);

        Assert.False(answer.GetProperty("valid").GetBoolean());
        Assert.Equal("[1,2,2.5]", answer.GetProperty("missing").GetRawText());
        Assert.Equal(0, answer.GetProperty("found").GetInt32());
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    [InlineData(5, false)]
    public void Invoke_ShiftedFrames_AreOnTimeUpToFiftyMilliseconds(int frames, bool valid)
    {
        var late = Damage.To(Good, m =>
        {
            for (var i = 0; i < frames; i++)
            {
                m.Frames().Insert(0, m.Frames()[0]!.DeepClone());
            }
        });
        var answer = Run(late, Snapshots.QuickStart);

        Assert.Equal(valid, answer.GetProperty("valid").GetBoolean());
        Assert.Equal(3, answer.GetProperty("found").GetInt32());
        Assert.True(valid || answer.GetProperty("message").GetString()!.Contains("3 of 3"));
    }

    [Fact]
    public void Invoke_OtherSnapshot_SaysWhatIsMissingAndWhatIsTooMany()
    {
        var answer = Run(Good, Snapshots.WithPeeks(1, 1.5, 2.5));

        Assert.False(answer.GetProperty("valid").GetBoolean());
        Assert.Equal("[1.5]", answer.GetProperty("missing").GetRawText());
        Assert.Equal("[2]", answer.GetProperty("unexpected").GetRawText());
    }

    [Fact]
    public void Invoke_LatePeeks_AreComparedOnTheSnapshotsClock()
    {
        var posted = Snapshots.WithPeeks(80.5, 82);
        var motion = Pipeline.Run(Pipeline.Generator, posted).Motion;
        var answer = Run(motion, posted);

        Assert.Equal(79, motion.Element.GetProperty("start").GetDouble());
        Assert.Equal("[1.5,3]", motion.Element.GetProperty("peeks").GetRawText());
        Assert.True(answer.GetProperty("valid").GetBoolean(), answer.ToString());
        Assert.Equal(2, answer.GetProperty("found").GetInt32());
    }

    [Fact]
    public void Invoke_PeeksOutsideAndTooClose_AreCountedApart()
    {
        var posted = Snapshots.WithPeeks(1, 1.1, 2, 9);
        var motion = Invocations.Run(new MotionGeneratorAgent(), posted, """{"duration": 3}""");
        var answer = Run(motion, posted);

        Assert.True(answer.GetProperty("valid").GetBoolean(), answer.ToString());
        Assert.Equal(2, answer.GetProperty("expected").GetInt32());
        Assert.Equal(1, answer.GetProperty("outside").GetInt32());
        Assert.Equal(1, answer.GetProperty("merged").GetInt32());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.01)]
    [InlineData(0.1)]
    public void Invoke_PeekAtTheBeginning_IsFound(double time)
    {
        var posted = Snapshots.WithPeeks(time);
        var answer = Run(Pipeline.Run(Pipeline.Generator, posted).Motion, posted);

        Assert.True(answer.GetProperty("valid").GetBoolean(), answer.ToString());
        Assert.Equal(1, answer.GetProperty("found").GetInt32());
    }

    [Fact]
    public void Invoke_PeekInTheLastFrame_IsFound()
    {
        var motion = Invocations.Run(new MotionGeneratorAgent(), Snapshots.WithPeeks(1), """{"duration": 1.0334}""");
        var answer = Run(motion, Snapshots.WithPeeks(1));

        Assert.Equal(31, motion.Element.GetProperty("frame_count").GetInt32());
        Assert.True(answer.GetProperty("valid").GetBoolean(), answer.ToString());
        Assert.Equal(1, answer.GetProperty("found").GetInt32());
    }

    [Fact]
    public void Invoke_UnreadableMotion_IsInvalid()
    {
        var answer = Run(Damage.To(Good, m => m["joints"] = null), Snapshots.QuickStart);

        Assert.False(answer.GetProperty("valid").GetBoolean());
        Assert.Contains("'joints'", answer.GetProperty("message").GetString());
    }

    [Fact]
    public void Invoke_NoMotion_IsAFailure()
    {
        var agent = new TimingValidatorAgent();

        Refusal.Of(agent, Invocations.Of(agent, Snapshots.QuickStart), "no_motion", "timing_validator");
    }

    private static JsonElement Run(Json motion, string posted) =>
        Invocations.Run(new TimingValidatorAgent(), posted, null, ("motion", motion)).Element;
}
