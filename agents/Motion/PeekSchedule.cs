using System.Collections.Immutable;
using AgentGrid.Agents.Perception;

namespace AgentGrid.Agents.Motion;

/// <summary>Lays observed peeks out as movements that a body can make and a frame rate can show.</summary>
internal static class PeekSchedule
{
    /// <summary>Seconds: peeks closer together are one movement.</summary>
    public const double ClosestPeeks = 0.3;

    // Four frames from peek to peek, two for each way: fewer do not show that the body went back.
    private const double FramesPerWay = 2;

    private const double HighestHeadSpeed = 3;

    // Times are sums and products of decimal fractions; this much of a second is rounding.
    private const double Rounding = 1e-6;

    /// <summary>
    /// Those of the ascending times that are movements of their own: each at least <see cref="ClosestPeeks"/>, and
    /// four frames, after the one before.
    /// </summary>
    public static ImmutableArray<double> Distinct(IEnumerable<double> times, double fps)
    {
        var gap = Math.Max(ClosestPeeks, 2 * FramesPerWay / fps) - Rounding;
        var kept = ImmutableArray.CreateBuilder<double>();
        foreach (var time in times)
        {
            if (kept.Count == 0 || time - kept[^1] >= gap)
            {
                kept.Add(time);
            }
        }
        return kept.ToImmutable();
    }

    /// <summary>Those of the times that fall between the first and the last frame, counted from the first.</summary>
    public static IEnumerable<double> Within(IEnumerable<double> times, double start, int frames, double fps) => times
        .Select(time => time - start)
        .Where(time => time >= -Rounding && time <= (frames - 1) / fps + Rounding)
        .Select(time => Math.Max(0, time));

    /// <summary>The movements of a motion, in their order; they do not overlap.</summary>
    public static ImmutableArray<PeekPulse> Plan(IEnumerable<double> peeks, Tempo tempo, double fps)
    {
        var apexes = Distinct(peeks, fps);
        var unhurried = Math.Max(FramesPerWay / fps, tempo switch
        {
            Tempo.Accelerating => 0.30,
            Tempo.Slowing => 0.40,
            _ => 0.35,
        });
        var pulses = ImmutableArray.CreateBuilder<PeekPulse>(apexes.Length);
        for (var i = 0; i < apexes.Length; i++)
        {
            var before = i == 0 ? unhurried : Math.Min(unhurried, (apexes[i] - apexes[i - 1]) / 2);
            var after = i == apexes.Length - 1 ? unhurried : Math.Min(unhurried, (apexes[i + 1] - apexes[i]) / 2);
            var fastest = MinimumJerk.PeakSpeed * BodyPose.HeadTravel / Math.Min(before, after);
            pulses.Add(new PeekPulse(apexes[i], before, after, Math.Min(1, HighestHeadSpeed / fastest)));
        }
        return pulses.MoveToImmutable();
    }
}
