using System.Collections.Immutable;

namespace AgentGrid.Core.Agents;

/// <summary>
/// Whether and when an agent that failed is tried again. The n-th retry waits
/// <c>backoff * 2^(n-1)</c>, at most <see cref="MaxBackoff"/>, shortened by up to the share <see cref="Jitter"/>.
/// </summary>
public sealed record RetryPolicy
{
    public static readonly RetryPolicy None = new();

    /// <summary>Tries of one agent, the first included; 1 for no retry.</summary>
    public int MaxAttempts { get; init; } = 1;

    /// <summary>The wait before the first retry.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The longest wait.</summary>
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>0 to 1: the share of the wait that may be taken off at random.</summary>
    public double Jitter { get; init; } = 0.2;

    /// <summary>
    /// Which failures are retried: <c>error</c>, <c>timeout</c>, <c>lost</c>, or an agent's own code. Empty: all of them.
    /// </summary>
    public ImmutableArray<string> On { get; init; } = [];
}
