using System.Collections.Immutable;
using AgentGrid.Agents.Motion;
using AgentGrid.Agents.Perception;
using AgentGrid.Core.Agents;

namespace AgentGrid.Agents.Validation;

/// <summary>
/// The peeks of one player in a snapshot beside those found in a motion. All times on the snapshot's clock.
/// </summary>
internal sealed record PeekMatch
{
    /// <summary>Whose peeks were expected; null when nobody peeks.</summary>
    public string? Player { get; init; }

    /// <summary>Peeks that are movements of their own and fall within the motion.</summary>
    public required ImmutableArray<double> Expected { get; init; }
    public required ImmutableArray<double> Found { get; init; }
    public required ImmutableArray<double> Missing { get; init; }
    public required ImmutableArray<double> Unexpected { get; init; }

    /// <summary>
    /// Seconds: the largest distance between an expected peek and the one found for it; 0 without any.
    /// </summary>
    public double WorstError { get; init; }

    /// <summary>Seconds: a peek further away is another one.</summary>
    public double Tolerance { get; init; }

    /// <summary>Peeks of the player that fall before or after the motion.</summary>
    public int Outside { get; init; }

    /// <summary>Peeks too close to the one before to be a movement of their own.</summary>
    public int Merged { get; init; }

    /// <summary>
    /// Compares. The player is the one whom the motion names, if the snapshot has that one, else the primary player.
    /// Each peek found is matched with at most one that was expected, in the order of time.
    /// </summary>
    public static PeekMatch Of(MotionClip clip, double[] exposure, AgentInvocation invocation)
    {
        var snapshot = MatchSnapshot.Read(invocation);
        var named = snapshot.Players.FirstOrDefault(p => p.Id == clip.Player);
        var primary = PerceptionAnalysis.Of(snapshot).PrimaryPlayer;
        var player = named ?? snapshot.Players.FirstOrDefault(p => p.Id == primary);
        var times = player?.Peeks ?? [];
        var within = clip.Problem is null
            ? PeekSchedule.Within(times, clip.Start, clip.Frames, clip.Fps).ToImmutableArray()
            : times;
        var distinct = clip.Problem is null ? PeekSchedule.Distinct(within, clip.Fps) : within;
        ImmutableArray<double> found = [.. PeekDetector.Find(exposure).Select(clip.Time)];
        var tolerance = clip.Problem is null ? Math.Max(0.05, 1 / clip.Fps) : 0.05;
        var (missing, unexpected, worst) = Pair(distinct, found, tolerance);
        return new PeekMatch
        {
            Player = player?.Id,
            Expected = OnSnapshotClock(distinct),
            Found = OnSnapshotClock(found),
            Missing = OnSnapshotClock(missing),
            Unexpected = OnSnapshotClock(unexpected),
            WorstError = Math.Round(worst, 4),
            Tolerance = Math.Round(tolerance, 4),
            Outside = times.Length - within.Length,
            Merged = within.Length - distinct.Length,
        };

        ImmutableArray<double> OnSnapshotClock(IEnumerable<double> seconds) =>
            [.. seconds.Select(t => Math.Round(t + clip.Start, 4))];
    }

    private static (List<double> Missing, List<double> Unexpected, double Worst) Pair(
        ImmutableArray<double> expected, ImmutableArray<double> found, double tolerance)
    {
        var (missing, unexpected, worst) = (new List<double>(), new List<double>(), 0.0);
        var (e, f) = (0, 0);
        while (e < expected.Length || f < found.Length)
        {
            if (f == found.Length || (e < expected.Length && found[f] - expected[e] > tolerance))
            {
                missing.Add(expected[e++]);
            }
            else if (e == expected.Length || expected[e] - found[f] > tolerance)
            {
                unexpected.Add(found[f++]);
            }
            else
            {
                worst = Math.Max(worst, Math.Abs(expected[e++] - found[f++]));
            }
        }
        return (missing, unexpected, worst);
    }
}
