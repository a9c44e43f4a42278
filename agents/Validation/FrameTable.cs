using System.Numerics;
using System.Text.Json;
using AgentGrid.Agents.Motion;

namespace AgentGrid.Agents.Validation;

/// <summary>The frames of a motion, as they were written: some may have too few joints, or none.</summary>
internal sealed class FrameTable
{
    public static readonly FrameTable Empty = new([], [0]);

    private static readonly Vector3 s_missing = new(float.NaN);

    private readonly Vector3[] _positions;

    // Where each frame begins, and where the last one ends.
    private readonly int[] _starts;

    private FrameTable(Vector3[] positions, int[] starts) => (_positions, _starts) = (positions, starts);

    /// <summary>How many frames there are.</summary>
    public int Count => _starts.Length - 1;

    /// <summary>Where a joint is, in metres; null when that is missing or not finite.</summary>
    public Vector3? At(int frame, int joint)
    {
        var at = _starts[frame] + joint;
        return at < _starts[frame + 1] && !float.IsNaN(_positions[at].X) ? _positions[at] : null;
    }

    /// <summary>A frame has a finite position for each joint of the skeleton, and for no others.</summary>
    public bool IsWhole(int frame)
    {
        var positions = _positions.AsSpan(_starts[frame].._starts[frame + 1]);
        foreach (var position in positions)
        {
            if (float.IsNaN(position.X))
            {
                return false;
            }
        }
        return positions.Length == Skeleton.Count;
    }

    /// <summary>Reads a list of frames, and whatever stands in its place; the reader is at its end then.</summary>
    public static FrameTable Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return Empty;
        }
        var (positions, starts) = (new List<Vector3>(), new List<int> { 0 });
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.StartArray)
            {
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    positions.Add(Position(ref reader));
                }
            }
            else
            {
                reader.Skip();
            }
            starts.Add(positions.Count);
        }
        return new FrameTable([.. positions], [.. starts]);
    }

    // Three finite numbers, or it counts as missing.
    private static Vector3 Position(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return s_missing;
        }
        var (position, axis, isWhole) = (Vector3.Zero, 0, true);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (axis < 3 && reader.TokenType == JsonTokenType.Number)
            {
                position[axis] = (float)reader.GetDouble();
            }
            else
            {
                isWhole = false;
                reader.Skip();
            }
            axis++;
        }
        return isWhole && axis == 3 && float.IsFinite(position.X) && float.IsFinite(position.Y) && float.IsFinite(position.Z)
            ? position
            : s_missing;
    }
}
