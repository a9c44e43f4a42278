using System.Numerics;
using static AgentGrid.Agents.Motion.Skeleton;

namespace AgentGrid.Agents.Validation;

/// <summary>
/// What a human body can do, measured on a motion. Frames with missing joints count in one check alone.
/// </summary>
internal static class KinematicsChecks
{
    /// <summary>Relative change of a bone's length; rounding to 0.1 mm accounts for a fifth of it.</summary>
    public const double BoneLimit = 0.02;

    /// <summary>Degrees from straight; heel to buttock, hand to shoulder.</summary>
    public const double KneeLimit = 150;
    public const double ElbowLimit = 155;

    /// <summary>Metres that a knee may lie behind the line from hip to ankle: none but for rounding.</summary>
    public const double KneeBackLimit = 0.02;

    /// <summary>Metres per second of any joint; a fast reach is 3, a boxer's fist 8.</summary>
    public const double SpeedLimit = 8;

    /// <summary>Metres that a foot may wander while it stands.</summary>
    public const double SkateLimit = 0.02;

    // A foot that is lifted less than this above its lowest point stands on the ground.
    private const float Lift = 0.03f;

    public static KinematicsCheck Frames(MotionClip clip)
    {
        var broken = Enumerable.Range(0, clip.Frames).Where(f => !clip.IsWhole(f)).ToList();
        var problem = (broken.Count, clip) switch
        {
            (_, { Frames: 0 }) => "The motion has no frames.",
            ( > 0, _) => $"{broken.Count} frames, the first of them {broken[0]}, do not have "
                + $"{Count} times three finite numbers.",
            (_, { FrameCount: { } claimed }) when claimed != clip.Frames =>
                $"'frame_count' is {claimed}, but there are {clip.Frames} frames.",
            (_, { Duration: { } duration }) when Math.Abs(duration * clip.Fps - clip.Frames) > 1 =>
                $"{clip.Frames} frames at {clip.Fps} per second do not last 'duration', {duration} s.",
            _ => null,
        };
        int? first = broken.Count > 0 ? broken[0] : null;
        return new KinematicsCheck("frames", problem is null, broken.Count, 0, "frames", null, first, problem);
    }

    public static KinematicsCheck BoneLengths(MotionClip clip)
    {
        var extreme = new Extreme();
        for (var joint = 1; joint < Count; joint++)
        {
            float? reference = null;
            for (var frame = 0; frame < clip.Frames; frame++)
            {
                if (clip.At(frame, joint) is { } end && clip.At(frame, Parents[joint]) is { } start)
                {
                    var length = Vector3.Distance(start, end);
                    reference ??= length;
                    extreme.Add(Math.Abs(length - reference.Value) / Math.Max(reference.Value, 1e-3), joint, frame);
                }
            }
        }
        return extreme.Check("bone_lengths", BoneLimit, "of the length");
    }

    public static KinematicsCheck Knees(MotionClip clip) => Flexion(
        clip, "knee_flexion", KneeLimit, (LeftHip, LeftKnee, LeftAnkle), (RightHip, RightKnee, RightAnkle));

    public static KinematicsCheck Elbows(MotionClip clip) => Flexion(
        clip, "elbow_flexion", ElbowLimit,
        (LeftShoulder, LeftElbow, LeftWrist), (RightShoulder, RightElbow, RightWrist));

    /// <summary>Knees bend forward; forward is what the hips face.</summary>
    public static KinematicsCheck KneeDirection(MotionClip clip)
    {
        var extreme = new Extreme();
        for (var frame = 0; frame < clip.Frames; frame++)
        {
            if (clip.At(frame, LeftHip) is not { } left || clip.At(frame, RightHip) is not { } right)
            {
                continue;
            }
            var forward = Vector3.Normalize(Vector3.Cross(left - right, Vector3.UnitY));
            Measure(frame, left, LeftKnee, LeftAnkle);
            Measure(frame, right, RightKnee, RightAnkle);

            void Measure(int at, Vector3 hip, int kneeJoint, int ankleJoint)
            {
                if (clip.At(at, kneeJoint) is { } knee && clip.At(at, ankleJoint) is { } ankle)
                {
                    var limb = ankle - hip;
                    var along = Vector3.Dot(knee - hip, limb) / Math.Max(limb.LengthSquared(), 1e-6f);
                    extreme.Add(Math.Max(0, -Vector3.Dot(knee - hip - limb * along, forward)), kneeJoint, at);
                }
            }
        }
        return extreme.Check("knee_direction", KneeBackLimit, "m");
    }

    public static KinematicsCheck Speeds(MotionClip clip)
    {
        var extreme = new Extreme();
        for (var joint = 0; joint < Count; joint++)
        {
            for (var frame = 1; frame < clip.Frames; frame++)
            {
                if (clip.At(frame - 1, joint) is { } before && clip.At(frame, joint) is { } now)
                {
                    extreme.Add(Vector3.Distance(before, now) * clip.Fps, joint, frame);
                }
            }
        }
        return extreme.Check("joint_speed", SpeedLimit, "m/s");
    }

    /// <summary>How far each foot wanders from where it was put down, as long as it stays on the ground.</summary>
    public static KinematicsCheck FootSkate(MotionClip clip)
    {
        var extreme = new Extreme();
        foreach (var foot in (ReadOnlySpan<int>)[LeftAnkle, RightAnkle, LeftFoot, RightFoot])
        {
            var ground = Enumerable.Range(0, clip.Frames).Min(f => clip.At(f, foot)?.Y) ?? 0;
            Vector3? planted = null;
            for (var frame = 0; frame < clip.Frames; frame++)
            {
                if (clip.At(frame, foot) is not { } now)
                {
                    continue;
                }
                planted = now.Y - ground > Lift ? null : planted ?? now;
                if (planted is { } stood)
                {
                    var (x, z) = (now.X - stood.X, now.Z - stood.Z);
                    extreme.Add(Math.Sqrt(x * x + z * z), foot, frame);
                }
            }
        }
        return extreme.Check("foot_skate", SkateLimit, "m");
    }

    private static KinematicsCheck Flexion(
        MotionClip clip, string name, double limit, params ReadOnlySpan<(int Root, int Middle, int End)> limbs)
    {
        var extreme = new Extreme();
        foreach (var (rootJoint, middleJoint, endJoint) in limbs)
        {
            for (var frame = 0; frame < clip.Frames; frame++)
            {
                if (clip.At(frame, rootJoint) is { } root && clip.At(frame, middleJoint) is { } middle
                    && clip.At(frame, endJoint) is { } end)
                {
                    var (upper, lower) = (middle - root, end - middle);
                    var cosine = Vector3.Dot(upper, lower) / Math.Max(upper.Length() * lower.Length(), 1e-6f);
                    extreme.Add(double.RadiansToDegrees(Math.Acos(Math.Clamp(cosine, -1, 1))), middleJoint, frame);
                }
            }
        }
        return extreme.Check(name, limit, "degrees");
    }
}
