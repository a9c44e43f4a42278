using System.Numerics;
using AgentGrid.Agents.Motion;
using AgentGrid.Agents.Perception;

namespace AgentGrid.Agents.Tests.Motion;

public sealed class MovementTests
{
    [Fact]
    public void MinimumJerk_Ends_AreAtRest()
    {
        const double Step = 1e-4;

        Assert.Equal(0, MinimumJerk.At(0));
        Assert.Equal(0.5, MinimumJerk.At(0.5), 12);
        Assert.Equal(1, MinimumJerk.At(1), 12);
        Assert.InRange(MinimumJerk.At(Step) / Step, 0, 1e-6);
        Assert.InRange((1 - MinimumJerk.At(1 - Step)) / Step, 0, 1e-6);
        Assert.Equal(
            MinimumJerk.PeakSpeed, (MinimumJerk.At(0.5 + Step) - MinimumJerk.At(0.5 - Step)) / (2 * Step), 4);
    }

    [Theory]
    [InlineData(0.1f, -0.5f, 0.2f)]
    [InlineData(0.0f, -0.79f, 0.0f)]
    [InlineData(0.4f, -0.1f, -0.3f)]
    public void TwoBoneIk_TargetInReach_KeepsBothLengthsAndBendsToThePole(float x, float y, float z)
    {
        var root = new Vector3(0.3f, 1, 0.1f);
        var target = root + new Vector3(x, y, z);
        var middle = TwoBoneIk.Middle(root, target, 0.40f, 0.41f, Vector3.UnitZ);

        Assert.Equal(0.40f, Vector3.Distance(root, middle), 4);
        Assert.Equal(0.41f, Vector3.Distance(middle, target), 4);
        var limb = Vector3.Normalize(target - root);
        var aside = middle - root - limb * Vector3.Dot(middle - root, limb);
        Assert.True(Vector3.Dot(aside, Vector3.UnitZ) > 0.01f);
    }

    [Fact]
    public void TwoBoneIk_TargetOutOfReach_StretchesTheLimb()
    {
        var middle = TwoBoneIk.Middle(default, new Vector3(0, -2, 0), 0.40f, 0.41f, Vector3.UnitZ);

        Assert.Equal(0, Vector3.Distance(middle, new Vector3(0, -0.4f, 0)), 0.01f);
    }

    [Fact]
    public void Skeleton_Parents_ComeBeforeTheirChildren()
    {
        Assert.Equal(Skeleton.Count, Skeleton.Joints.Distinct().Count());
        Assert.Equal(Skeleton.Count, Skeleton.Offsets.Length);
        Assert.All(Enumerable.Range(0, Skeleton.Count), j => Assert.InRange(Skeleton.Parents[j], -1, j - 1));
        Assert.Equal("right_wrist", Skeleton.Joints[Skeleton.RightWrist]);
        Assert.Equal("left_collar", Skeleton.Joints[Skeleton.LeftCollar]);
    }

    [Fact]
    public void BodyPose_AnyExposure_KeepsEveryBone()
    {
        Span<Vector3> rest = stackalloc Vector3[Skeleton.Count];
        Span<Vector3> pose = stackalloc Vector3[Skeleton.Count];
        BodyPose.Solve(0, 0, rest);
        for (var step = 0; step <= 20; step++)
        {
            BodyPose.Solve(step / 20f, MathF.Sin(step), pose);
            for (var joint = 1; joint < Skeleton.Count; joint++)
            {
                Assert.Equal(
                    Vector3.Distance(rest[joint], rest[Skeleton.Parents[joint]]),
                    Vector3.Distance(pose[joint], pose[Skeleton.Parents[joint]]), 1e-4f);
            }
        }
    }

    [Fact]
    public void Plan_QuickPeeks_DoNotOverlapAndAreShallower()
    {
        var pulses = PeekSchedule.Plan([1, 3, 3.3, 3.6], Tempo.Steady, 30);

        Assert.Equal([1, 3, 3.3, 3.6], pulses.Select(p => p.Apex));
        Assert.All(pulses.Skip(1).Zip(pulses), p => Assert.True(p.First.Apex - p.First.Out >= p.Second.End - 1e-9));
        Assert.Equal(1, pulses[0].Reach);
        Assert.InRange(pulses[2].Reach, 0.3, 0.9);
        Assert.Equal(pulses[2].Reach, pulses[2].At(3.3), 12);
        Assert.Equal(0, pulses[2].At(3.15), 12);
    }

    [Theory]
    [InlineData(30, new[] { 1, 1.3, 2 })]
    [InlineData(5, new[] { 1, 2.0 })]
    [InlineData(1, new[] { 1.0 })]
    public void Distinct_CloseTimes_NeedTimeAndFrames(double fps, double[] kept) =>
        Assert.Equal(kept, PeekSchedule.Distinct([1, 1.2, 1.3, 1.5, 2], fps));
}
