using System.Text.Json.Nodes;
using AgentGrid.Agents.Motion;
using AgentGrid.Agents.Validation;
using AgentGrid.Core;

namespace AgentGrid.Agents.Tests.Validation;

public sealed class KinematicsValidatorAgentTests
{
    private static readonly IEnumerable<int> WholeBody = Enumerable.Range(0, Skeleton.Count);
    private static readonly Json Good = Pipeline.Run(Pipeline.Generator, Snapshots.QuickStart).Motion;

    [Fact]
    public void Invoke_UndamagedCopy_IsValid() => Assert.Empty(Failed(Damage.To(Good, _ => { })));

    [Fact]
    public void Invoke_NullForANumber_Fails() =>
        Assert.Equal(["frames"], Failed(Damage.To(Good, m => m.Frames()[40]![7]![1] = null)));

    [Theory]
    [InlineData("\"NaN\"")]
    [InlineData("[0, 1]")]
    [InlineData("[0, 1, 1e999]")]
    [InlineData("[0, 1, \"NaN\"]")]
    public void Invoke_JointThatIsNoPosition_Fails(string joint) =>
        Assert.Equal(["frames"], Failed(Damage.To(Good, m => m.Frames()[40]![7] = JsonNode.Parse(joint))));

    [Fact]
    public void Invoke_HugeNumbers_Fail() => Assert.Contains(
        "bone_lengths", Failed(Damage.To(Good, m => m.Move(0..1, [Skeleton.Head], _ => (3e38, 3e38, 0)))));

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"x\": 1}")]
    public void Invoke_NoFrames_Fails(string frames) =>
        Assert.Contains("frames", Failed(Damage.To(Good, m => m["frames"] = JsonNode.Parse(frames))));

    [Fact]
    public void Invoke_FramesLost_Fails() =>
        Assert.Equal(["frames"], Failed(Damage.To(Good, m => m.Frames().RemoveAt(104))));

    [Fact]
    public void Invoke_TeleportedJoint_Fails() => Assert.Superset(
        new HashSet<string> { "joint_speed", "bone_lengths" },
        Failed(Damage.To(Good, m => m.Move(50..51, [Skeleton.LeftWrist], _ => (0, 0.5, 0)))));

    [Fact]
    public void Invoke_TeleportedBody_Fails() => Assert.Superset(
        new HashSet<string> { "joint_speed" },
        Failed(Damage.To(Good, m => m.Move(50.., WholeBody, _ => (0, 0, 0.5)))));

    [Fact]
    public void Invoke_StretchedBone_Fails() => Assert.Equal(
        ["bone_lengths"],
        Failed(Damage.To(Good, m => m.Move(.., [Skeleton.Head], frame => (0, 0.0002 * frame, 0)))));

    [Fact]
    public void Invoke_SlidingBody_FailsByItsFeet() => Assert.Equal(
        ["foot_skate"],
        Failed(Damage.To(Good, m => m.Move(.., WholeBody, frame => (0.0005 * frame, 0, 0)))));

    [Fact]
    public void Invoke_LiftedFoot_MayMove() => Assert.DoesNotContain(
        "foot_skate",
        Failed(Damage.To(Good, m => m.Move(
            30..60, [Skeleton.LeftAnkle, Skeleton.LeftFoot], frame => (0, 0.05, 0.01 * Math.Min(frame, 29 - frame))))));

    [Fact]
    public void Invoke_KneeBentBackwards_Fails() => Assert.Equal(
        ["knee_direction"],
        Failed(Damage.To(Good, m =>
        {
            foreach (var frame in m.Frames())
            {
                // Hip and ankle are in the plane z = 0, so that the mirrored knee keeps its bones.
                frame![Skeleton.LeftKnee]![2] = -frame[Skeleton.LeftKnee]![2]!.GetValue<double>();
            }
        })));

    [Fact]
    public void Invoke_FoldedElbow_Fails() => Assert.Contains(
        "elbow_flexion",
        Failed(Damage.To(Good, m =>
        {
            foreach (var frame in m.Frames())
            {
                frame![Skeleton.LeftWrist] = frame[Skeleton.LeftShoulder]!.DeepClone();
            }
        })));

    [Theory]
    [InlineData("fps", "0")]
    [InlineData("fps", "null")]
    [InlineData("joints", "[\"pelvis\"]")]
    [InlineData("parents", "null")]
    public void Invoke_UnknownForm_FailsWithAReason(string name, string value) =>
        Assert.Equal(["form"], Failed(Damage.To(Good, m => m[name] = JsonNode.Parse(value))));

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("{\"generator\": \"x\"}")]
    public void Invoke_NoMotion_IsAFailure(string result)
    {
        var agent = new KinematicsValidatorAgent();
        var invocation = Invocations.Of(agent, Snapshots.QuickStart, results: ("motion", Json.Parse(result)));

        Refusal.Of(agent, invocation, "no_motion", "kinematics_validator", "frames");
    }

    [Fact]
    public void Invoke_MotionAmongBranches_IsFound()
    {
        var branches = Json.Parse($$"""{"motion_backup": {"why": "none"}, "motion_generator": {{Good}}}""");
        var answer = Invocations.Run(new KinematicsValidatorAgent(), "{}", null, ("bodies", branches));

        Assert.Equal(105, answer.Element.GetProperty("frame_count").GetInt32());
    }

    private static HashSet<string> Failed(Json motion)
    {
        var answer = Invocations.Run(
            new KinematicsValidatorAgent(), Snapshots.QuickStart, null, ("motion", motion)).Element;
        var failed = answer.GetProperty("checks").EnumerateArray()
            .Where(c => !c.GetProperty("ok").GetBoolean()).ToList();
        Assert.Equal(failed.Count == 0, answer.GetProperty("valid").GetBoolean());
        Assert.All(failed, c => Assert.NotEmpty(c.GetProperty("message").GetString()!));
        return [.. failed.Select(c => c.GetProperty("name").GetString()!)];
    }
}
