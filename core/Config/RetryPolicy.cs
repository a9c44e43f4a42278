using System.Collections.Immutable;
using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Config;

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

    /// <summary>0 to 1: the share of the wait that chance may take off.</summary>
    public double Jitter { get; init; } = 0.2;

    /// <summary>
    /// Which failures are retried: <c>error</c>, <c>timeout</c>, <c>lost</c>, or an agent's own code. Empty: all of them.
    /// </summary>
    public ImmutableArray<string> On { get; init; } = [];

    /// <summary>Whether <see cref="On"/> names the failure.</summary>
    public bool Covers(RunError error) =>
        On.IsEmpty || On.Contains(error.Code) || On.Contains(Word(error.Kind));

    private static string Word(ErrorKind kind) => kind switch
    {
        ErrorKind.Error => "error",
        ErrorKind.Timeout => "timeout",
        ErrorKind.Lost => "lost",
        ErrorKind.Routing => "routing",
        ErrorKind.Plan => "plan",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };
}
