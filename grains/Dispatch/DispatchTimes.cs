namespace AgentGrid.Grains.Dispatch;

/// <summary>
/// How long the dispatcher, and those who ask it, wait before they do without somebody. Whoever is so late may be dead,
/// or share a machine that stood still: where that is known, as of silos in one process, it is right to wait longer.
/// </summary>
internal sealed record DispatchTimes
{
    /// <summary>A node that was not heard of for so long takes nothing until it is heard of again.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// A slot that was granted, and that its node has not reported since, is free again after so long, when whoever it was
    /// granted to is gone.
    /// </summary>
    public TimeSpan OnItsWay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The same when whoever it was granted to lives: Redis may take its time to keep the attempt.</summary>
    public TimeSpan LongestOnItsWay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a turn waits for the agents' loads; it goes by the last ones after that.</summary>
    public TimeSpan LongestLoads { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a node may take to describe itself before the answer is given without it.</summary>
    public TimeSpan LongestDescription { get; init; } = TimeSpan.FromSeconds(1);
}
