using System.Numerics;
using AgentGrid.Agents.Motion;
using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Agents.Validation;

/// <summary>
/// Scores a motion from 0 to 1 by how smoothly the head moves in its peeks, and how many of the player's peeks in
/// <c>grid_snapshot</c> it shows. No motion at all is the failure <c>no_motion</c>.
/// </summary>
[Agent("quality_scorer", Capabilities = ["scoring"], TimeoutSeconds = 20)]
public sealed class QualityScorerAgent : IAgent
{
    // Faster sampling measures the rounding of positions more than the movement.
    private const double HighestRate = 30;

    // A peek reaches as far to both sides of its high as the body is out by this share of it.
    private const double Edge = 0.02;

    // Metres per second.
    private const double Breathing = 0.1;

    public ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var clip = MotionClip.Read(invocation);
        if (clip.Problem is not null || clip.Frames == 0)
        {
            var message = clip.Problem ?? "The motion has no frames.";
            return ValueTask.FromResult(Json.From(new QualityReport(0, 0, 0, null, 0, message)));
        }
        var exposure = PeekDetector.Exposure(clip);
        var peeks = PeekDetector.Find(exposure);
        var jerk = MeanJerk(clip, exposure, peeks);
        var smoothness = jerk is { } known ? Smoothness.Score(known) : 1;
        var coverage = Coverage(PeekMatch.Of(clip, exposure, invocation));
        return ValueTask.FromResult(Json.From(new QualityReport(
            Math.Round((smoothness + coverage) / 2, 4), Math.Round(smoothness, 4), Math.Round(coverage, 4),
            jerk is { } mean ? Math.Round(mean, 4) : null, peeks.Length, null)));
    }

    private static double Coverage(PeekMatch match)
    {
        var all = match.Expected.Length + match.Outside;
        return all == 0 ? 1 : (double)(match.Expected.Length - match.Missing.Length) / all;
    }

    private static double? MeanJerk(MotionClip clip, double[] exposure, IReadOnlyList<int> peeks)
    {
        var step = Math.Max(1, (int)(clip.Fps / HighestRate));
        var head = clip.Path(Skeleton.Head);
        var jerks = new List<double>();
        foreach (var (first, last) in peeks.Count > 0 ? peeks.Select(p => Extent(exposure, p)) : Restless(clip, head))
        {
            var path = new List<Vector3>();
            for (var frame = first; frame <= last; frame += step)
            {
                path.Add(head[frame]);
            }
            if (Smoothness.LogDimensionlessJerk([.. path], step / clip.Fps) is { } jerk)
            {
                jerks.Add(jerk);
            }
        }
        return jerks.Count > 0 ? jerks.Average() : null;
    }

    // Without peeks the motion is looked at as a whole, unless the body does no more than breathe.
    private static IEnumerable<(int First, int Last)> Restless(MotionClip clip, Vector3[] head)
    {
        var fastest = head.Zip(head.Skip(1), Vector3.Distance).DefaultIfEmpty().Max() * clip.Fps;
        return fastest > Breathing ? [(0, clip.Frames - 1)] : [];
    }

    private static (int First, int Last) Extent(double[] exposure, int peek)
    {
        var (first, last) = (peek, peek);
        while (first > 0 && exposure[first] > Edge * exposure[peek])
        {
            first--;
        }
        while (last < exposure.Length - 1 && exposure[last] > Edge * exposure[peek])
        {
            last++;
        }
        return (first, last);
    }
}
