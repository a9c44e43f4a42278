namespace AgentGrid.Agents.Motion;

/// <summary>
/// The profile of an unhurried reach from rest to rest. Source: T. Flash, N. Hogan, "The coordination of arm
/// movements: an experimentally confirmed mathematical model", J. Neuroscience 5(7), 1985, pp. 1688-1703.
/// </summary>
internal static class MinimumJerk
{
    /// <summary>The highest speed, as a multiple of distance / time; reached half way.</summary>
    public const double PeakSpeed = 1.875;

    /// <summary>How much of the way is done (0 to 1) when the share <paramref name="u"/> of the time is over.</summary>
    public static double At(double u)
    {
        u = Math.Clamp(u, 0, 1);
        return u * u * u * (10 + u * (6 * u - 15));
    }
}
