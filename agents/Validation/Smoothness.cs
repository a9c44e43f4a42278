using System.Numerics;

namespace AgentGrid.Agents.Validation;

/// <summary>
/// How smooth a movement is, whatever its size and speed: the log dimensionless jerk of S. Balasubramanian, A.
/// Melendez-Calderon, A. Roby-Brami, E. Burdet, "On the analysis of movement smoothness", J. NeuroEngineering and
/// Rehabilitation 12:112, 2015.
/// </summary>
internal static class Smoothness
{
    /// <summary>
    /// <c>-ln( T^3 / v_peak^2 * integral of |jerk|^2 dt )</c>, by finite differences; closer to 0 is smoother. A
    /// minimum-jerk reach has -5.32, one out and back -8.09.
    /// </summary>
    /// <param name="path">Positions at equal distances in time.</param>
    /// <param name="interval">Seconds from one position to the next.</param>
    /// <returns>Null when there are too few positions, or nothing moves.</returns>
    public static double? LogDimensionlessJerk(ReadOnlySpan<Vector3> path, double interval)
    {
        if (path.Length < 5)
        {
            return null;
        }
        var (peakSpeed, squares) = (0.0, 0.0);
        for (var i = 0; i + 1 < path.Length; i++)
        {
            peakSpeed = Math.Max(peakSpeed, Vector3.Distance(path[i], path[i + 1]) / interval);
        }
        for (var i = 0; i + 3 < path.Length; i++)
        {
            var difference = path[i + 3] - 3 * path[i + 2] + 3 * path[i + 1] - path[i];
            squares += difference.LengthSquared();
        }
        var jerkIntegral = squares / Math.Pow(interval, 5);
        var dimensionless = Math.Pow((path.Length - 1) * interval, 3) / (peakSpeed * peakSpeed) * jerkIntegral;
        return peakSpeed > 0 && dimensionless > 0 && double.IsFinite(dimensionless) ? -Math.Log(dimensionless) : null;
    }

    /// <summary>0 to 1: 1 for movements as smooth as people make them, 0 from where they are shaking.</summary>
    public static double Score(double logDimensionlessJerk) =>
        Math.Clamp((logDimensionlessJerk - Shaking) / (Human - Shaking), 0, 1);

    // Out and back at minimum jerk is -8.09, and people are somewhat less smooth than the ideal. White noise of n
    // positions has about -ln(n^4), and a peek at 30 frames a second has some 20.
    private const double Human = -9;
    private const double Shaking = -12;
}
