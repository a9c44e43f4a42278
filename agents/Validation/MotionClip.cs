using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using AgentGrid.Agents.Motion;
using AgentGrid.Agents.Perception;
using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Agents.Validation;

/// <summary>A motion as it came, good or bad.</summary>
internal sealed class MotionClip
{
    // Whoever validates a motion shares what was read of it.
    private static readonly ConditionalWeakTable<Json, StrongBox<MotionClip?>> s_read = [];

    private static readonly JsonReaderOptions s_options = new() { MaxDepth = 128 };

    private readonly FrameTable _frames;

    private MotionClip(ReadOnlySpan<byte> motion)
    {
        var (joints, parents) = (new List<string>(), new List<int>());
        var frames = FrameTable.Empty;
        var reader = new Utf8JsonReader(motion, s_options);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.ValueTextEquals("frames"u8) ? "frames" : JsonText.Of(ref reader);
            reader.Read();
            switch (name)
            {
                case "frames": frames = FrameTable.Read(ref reader); break;
                case "generator": Generator = Text(ref reader); break;
                case "player": Player = Text(ref reader); break;
                case "start": Start = Number(ref reader) ?? 0; break;
                case "fps": Fps = Number(ref reader) ?? 0; break;
                case "duration": Duration = Number(ref reader); break;
                case "frame_count": FrameCount = Number(ref reader); break;
                case "joints": joints = List(ref reader, Joint); break;
                case "parents": parents = List(ref reader, Parent); break;
                default: reader.Skip(); break;
            }
        }
        _frames = frames;
        Problem = FormProblem(joints, parents);
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
    public int Frames => _frames.Count;

    /// <summary>Why nothing can be measured; null when it can.</summary>
    public string? Problem { get; }

    public double Time(int frame) => frame / Fps;

    /// <summary>Where a joint of <see cref="Skeleton"/> is; null when that is missing or not finite.</summary>
    public Vector3? At(int frame, int joint) => _frames.At(frame, joint);

    /// <summary>A frame has a finite position for each joint, and for no others.</summary>
    public bool IsWhole(int frame) => _frames.IsWhole(frame);

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
    public static MotionClip Read(AgentInvocation invocation)
    {
        foreach (var (_, result) in invocation.Results.OrderBy(r => r.Key, StringComparer.Ordinal))
        {
            if (s_read.GetValue(result, static json => new StrongBox<MotionClip?>(Find(json.Utf8.Span))).Value is { } clip)
            {
                return clip;
            }
        }
        return ResultSearch.Find(invocation, value => value.TryGetProperty("frames", out _)) is { } motion
            ? new MotionClip(JsonMarshal.GetRawUtf8Value(motion))
            : throw new AgentException(
                "no_motion",
                $"Agent '{invocation.Agent}', step '{invocation.Step}': expected a motion, an object with 'frames', "
                + "among the results of the steps it needs, but there is none. "
                + "Let the step need the one that makes the motion.",
                retryable: false);
    }

    // It is the result itself, or one level below, where the modes all and each put their branches. As ResultSearch finds
    // values, but without a tree of tens of thousands of numbers.
    private static MotionClip? Find(ReadOnlySpan<byte> result)
    {
        var reader = new Utf8JsonReader(result, s_options);
        reader.Read();
        if (HasFrames(reader))
        {
            return new MotionClip(result);
        }
        if (reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
        {
            return null;
        }
        while (reader.Read() && reader.TokenType is not (JsonTokenType.EndObject or JsonTokenType.EndArray))
        {
            if (reader.TokenType == JsonTokenType.PropertyName)
            {
                reader.Read();
            }
            var below = reader;
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (HasFrames(below))
            {
                return new MotionClip(result[start..(int)reader.BytesConsumed]);
            }
        }
        return null;
    }

    private static bool HasFrames(Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return false;
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("frames"u8))
            {
                return true;
            }
            reader.Skip();
        }
        return false;
    }

    private static string? FormProblem(List<string> joints, List<int> parents)
    {
        if (!joints.SequenceEqual(Skeleton.Joints))
        {
            return $"'joints' must be the {Skeleton.Count} joints of the skeleton in their order: "
                + $"{string.Join(", ", Skeleton.Joints)}.";
        }
        return parents.SequenceEqual(Skeleton.Parents)
            ? null
            : $"'parents' must be those of the skeleton: {string.Join(", ", Skeleton.Parents)}.";
    }

    private delegate T Item<T>(ref Utf8JsonReader reader);

    private static List<T> List<T>(ref Utf8JsonReader reader, Item<T> read)
    {
        var items = new List<T>();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return items;
        }
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            items.Add(read(ref reader));
            reader.Skip();
        }
        return items;
    }

    private static string Joint(ref Utf8JsonReader reader) => Text(ref reader) ?? "";

    private static int Parent(ref Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var parent) ? parent : int.MinValue;

    private static string? Text(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            return JsonText.Of(ref reader);
        }
        reader.Skip();
        return null;
    }

    private static double? Number(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Number && reader.GetDouble() is var number && double.IsFinite(number))
        {
            return number;
        }
        reader.Skip();
        return null;
    }
}
