using System.Numerics;
using System.Text.Json;
using AgentGrid.Agents.Motion;
using AgentGrid.Agents.Perception;
using AgentGrid.Core.Agents;

namespace AgentGrid.Agents.Validation;

/// <summary>A motion as it came, good or bad.</summary>
internal sealed class MotionClip
{
    private readonly Vector3?[][] _frames;

    private MotionClip(JsonElement motion)
    {
        Generator = Text(motion, "generator");
        Player = Text(motion, "player");
        Start = Number(motion, "start") ?? 0;
        Fps = Number(motion, "fps") ?? 0;
        Duration = Number(motion, "duration");
        FrameCount = Number(motion, "frame_count");
        Problem = FormProblem(motion);
        _frames = ReadFrames(motion);
        if (Fps is not (>= 0.1 and <= 1_000))
        {
            Problem ??= "'fps' is missing, or not a number from 0.1 to 1000.";
        }
    }

    public string? Generator { get; }
    public string? Player { get; }

    /// <summary>The first frame's time on the snapshot's clock, in seconds.</summary>
    public double Start { get; }
    public double Fps { get; }
    public double? Duration { get; }

    /// <summary>How many frames the motion claims to have.</summary>
    public double? FrameCount { get; }

    /// <summary>How many frames there are.</summary>
    public int Frames => _frames.Length;

    /// <summary>Why nothing can be measured; null when it can.</summary>
    public string? Problem { get; }

    public double Time(int frame) => frame / Fps;

    /// <summary>Where a joint of <see cref="Skeleton"/> is; null when that is missing or not finite.</summary>
    public Vector3? At(int frame, int joint) => joint < _frames[frame].Length ? _frames[frame][joint] : null;

    /// <summary>A frame has a finite position for each joint, and for no others.</summary>
    public bool IsWhole(int frame) =>
        _frames[frame].Length == Skeleton.Count && Array.TrueForAll(_frames[frame], p => p is not null);

    /// <summary>
    /// Where a joint is in every frame; what is missing is held from before, or from the first that is known.
    /// </summary>
    public Vector3[] Path(int joint)
    {
        var path = new Vector3[Frames];
        var last = Enumerable.Range(0, Frames).Select(f => At(f, joint)).FirstOrDefault(p => p is not null) ?? default;
        for (var frame = 0; frame < Frames; frame++)
        {
            path[frame] = last = At(frame, joint) ?? last;
        }
        return path;
    }

    /// <summary>Finds the motion among the earlier results or in the input.</summary>
    /// <exception cref="AgentException">There is none: <c>no_motion</c>.</exception>
    public static MotionClip Read(AgentInvocation invocation) =>
        ResultSearch.Find(invocation, value => value.TryGetProperty("frames", out _)) is { } motion
            ? new MotionClip(motion)
            : throw new AgentException(
                "no_motion",
                $"Agent '{invocation.Agent}', step '{invocation.Step}': expected a motion, an object with 'frames', "
                + "among the results of the steps it needs, but there is none. "
                + "Let the step need the one that makes the motion.",
                retryable: false);

    private static string? FormProblem(JsonElement motion)
    {
        var joints = ResultSearch.Has(motion, "joints", JsonValueKind.Array)
            ? motion.GetProperty("joints").EnumerateArray()
                .Select(j => j.ValueKind == JsonValueKind.String ? JsonText.Of(j) : "").ToList()
            : [];
        if (!joints.SequenceEqual(Skeleton.Joints))
        {
            return $"'joints' must be the {Skeleton.Count} joints of the skeleton in their order: "
                + $"{string.Join(", ", Skeleton.Joints)}.";
        }
        var parents = ResultSearch.Has(motion, "parents", JsonValueKind.Array)
            ? motion.GetProperty("parents").EnumerateArray()
                .Select(p => p.ValueKind == JsonValueKind.Number && p.TryGetInt32(out var i) ? i : int.MinValue)
                .ToList()
            : [];
        return parents.SequenceEqual(Skeleton.Parents)
            ? null
            : $"'parents' must be those of the skeleton: {string.Join(", ", Skeleton.Parents)}.";
    }

    private static Vector3?[][] ReadFrames(JsonElement motion) =>
        motion.GetProperty("frames") is { ValueKind: JsonValueKind.Array } frames
            ? [.. frames.EnumerateArray().Select(ReadFrame)]
            : [];

    private static Vector3?[] ReadFrame(JsonElement frame)
    {
        if (frame.ValueKind != JsonValueKind.Array)
        {
            return [];
        }
        var joints = new Vector3?[frame.GetArrayLength()];
        var index = 0;
        foreach (var joint in frame.EnumerateArray())
        {
            joints[index++] = ReadPosition(joint);
        }
        return joints;
    }

    private static Vector3? ReadPosition(JsonElement joint)
    {
        if (joint.ValueKind != JsonValueKind.Array || joint.GetArrayLength() != 3)
        {
            return null;
        }
        Span<float> xyz = stackalloc float[3];
        var axis = 0;
        foreach (var value in joint.EnumerateArray())
        {
            if (value.ValueKind != JsonValueKind.Number || !float.IsFinite(xyz[axis++] = (float)value.GetDouble()))
            {
                return null;
            }
        }
        return new Vector3(xyz);
    }

    private static string? Text(JsonElement motion, string name) =>
        ResultSearch.Has(motion, name, JsonValueKind.String) ? JsonText.Of(motion.GetProperty(name)) : null;

    private static double? Number(JsonElement motion, string name) =>
        ResultSearch.Has(motion, name, JsonValueKind.Number) && motion.GetProperty(name).GetDouble() is var number
            && double.IsFinite(number)
            ? number
            : null;
}
