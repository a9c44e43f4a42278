using System.Collections.Immutable;
using System.Numerics;
using AgentGrid.Agents.Motion;

namespace AgentGrid.Agents.Validation;

/// <summary>
/// Finds peeks in the frames: how far aside the head is of the middle between the feet, and where that has its highs.
/// What the motion says of its own peeks is not looked at.
/// </summary>
internal static class PeekDetector
{
    /// <summary>Metres aside from which leaning is a peek.</summary>
    public const double MinHeight = 0.05;

    // Metres that the head must come back between two peeks; less is swaying.
    private const double MinDrop = 0.03;

    // Positions come rounded to 0.1 mm: highs within that of each other are one plateau.
    private const double Plateau = 1e-4;

    /// <summary>Metres aside, for each frame.</summary>
    public static double[] Exposure(MotionClip clip)
    {
        if (clip.Problem is not null || clip.Frames == 0)
        {
            return [];
        }
        var aside = clip.Path(Skeleton.LeftHip)[0] - clip.Path(Skeleton.RightHip)[0];
        aside = new Vector3(aside.X, 0, aside.Z);
        var axis = aside.LengthSquared() > 1e-8f ? Vector3.Normalize(aside) : Vector3.UnitX;
        var (left, right) = (clip.Path(Skeleton.LeftAnkle), clip.Path(Skeleton.RightAnkle));
        return [.. clip.Path(Skeleton.Head).Select((head, f) =>
            (double)MathF.Abs(Vector3.Dot(head - (left[f] + right[f]) / 2, axis)))];
    }

    /// <summary>The frames of the peeks, ascending; in the middle of a plateau.</summary>
    public static ImmutableArray<int> Find(double[] exposure)
    {
        var peeks = ImmutableArray.CreateBuilder<int>();
        if (exposure.Length == 0)
        {
            return [];
        }

        // A motion may begin half way out, so that the first low is below anything that was seen.
        var (high, low, rising) = (0, 0.0, true);
        for (var frame = 0; frame < exposure.Length; frame++)
        {
            if (rising && exposure[frame] > exposure[high])
            {
                high = frame;
            }
            else if (rising && exposure[frame] < exposure[high] - MinDrop)
            {
                Add(high);
                (low, rising) = (exposure[frame], false);
            }
            else if (!rising && exposure[frame] < low)
            {
                low = exposure[frame];
            }
            else if (!rising && exposure[frame] > low + MinDrop)
            {
                (high, rising) = (frame, true);
            }
        }
        if (rising && exposure[high] - low > MinDrop)
        {
            Add(high);
        }
        return peeks.ToImmutable();

        void Add(int frame)
        {
            if (exposure[frame] < MinHeight)
            {
                return;
            }
            var last = frame;
            while (last + 1 < exposure.Length && exposure[last + 1] >= exposure[frame] - Plateau)
            {
                last++;
            }
            var first = frame;
            while (first > 0 && exposure[first - 1] >= exposure[frame] - Plateau)
            {
                first--;
            }
            peeks.Add((first + last) / 2);
        }
    }
}
