using AgentGrid.Core.Plans;

namespace AgentGrid.Core.Routing;

/// <summary>How long an attempt that starts is waited for before a backup is asked.</summary>
/// <param name="After">Null: no backup is asked because of it.</param>
/// <param name="Why">In words.</param>
public readonly record struct HedgeDelay(TimeSpan? After, string Why)
{
    /// <summary>That of an attempt whose agent has to start or to load something first: what it takes longer says nothing.</summary>
    public static readonly HedgeDelay ColdStart = new(null, "no backup is asked: the agent starts cold");

    /// <summary>As the plan says, where it says a time; never by a percentile, of which nothing is known here.</summary>
    public static HedgeDelay Fixed(Hedge hedge) => hedge.After is { } after
        ? new(after, "'after' of the plan")
        : new(null, $"no backup is asked: it is not known how long p{hedge.Percentile} of the attempts take");
}
