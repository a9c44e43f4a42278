namespace AgentGrid.Cluster.Tests.Histories;

/// <summary>
/// What clients, agents and readers of feeds have seen of a cluster, each by itself. Times are of one clock that all share,
/// in nanoseconds; <see cref="Never"/> for what has no end.
/// </summary>
internal sealed class History
{
    public const long Never = long.MaxValue;

    public IReadOnlyList<Post> Posts { get; init; } = [];
    public IReadOnlyList<Command> Commands { get; init; } = [];
    public IReadOnlyList<Invocation> Invocations { get; init; } = [];

    /// <summary>What each reader of the feed of all runs was shown, in its order.</summary>
    public IReadOnlyList<IReadOnlyList<Shown>> Feeds { get; init; } = [];

    /// <summary>The outputs of steps, as they were read when all was over.</summary>
    public IReadOnlyList<Output> Outputs { get; init; } = [];

    /// <summary>The runs that must have ended, and the status of each, as it was read when all was over; null: there is none.</summary>
    public IReadOnlyDictionary<string, string?> Ends { get; init; } = new Dictionary<string, string?>();

    /// <summary>Processes that were ended by others or by themselves, and from when on others need not reckon with them.</summary>
    public IReadOnlyDictionary<int, long> LostFrom { get; init; } = new Dictionary<int, long>();

    /// <summary>When more may run than the limit over the cluster: while the dispatcher moves.</summary>
    public IReadOnlyList<(long From, long To)> Excused { get; init; } = [];

    public CheckedLimits Limits { get; init; } = new();
}

/// <param name="PerGpu">How many attempts of an agent that asks for it may be on one GPU.</param>
/// <param name="Total">How many attempts of an agent there may be in the cluster, by agent.</param>
/// <param name="PerNode">How many in one process, by agent.</param>
/// <param name="Seconds">How long an attempt has at most.</param>
internal sealed record CheckedLimits(
    int PerGpu = int.MaxValue, IReadOnlyDictionary<string, int>? Total = null, IReadOnlyDictionary<string, int>? PerNode = null,
    double Seconds = double.MaxValue);

/// <param name="Run">The run that it was answered with; null when the answer was a refusal, or none.</param>
internal sealed record Post(string Key, string? Run);

/// <summary>One delivery of an attempt, as its agent wrote it down.</summary>
/// <param name="Token">Names this delivery, and is its output.</param>
/// <param name="Seen">The outputs that it was given, by step.</param>
/// <param name="Done">It has ended with its output, and was not cancelled.</param>
/// <param name="Left">How long it was told that it has, by its own clock, in seconds.</param>
internal sealed record Invocation(
    int Process, string Token, string Agent, string Run, string Step, int Attempt, int? Gpu, long Begin, long End,
    bool Done, IReadOnlyDictionary<string, string> Seen, double Left = 1);

internal sealed record Shown(long Seq, string Key, string Run, string Stage, string? Step, int? Attempt)
{
    public bool EndsRun => Stage is "completed" or "error" or "cancelled";

    /// <summary>It records how an attempt ended.</summary>
    public bool EndsAttempt =>
        Attempt is not null && Stage.Split(':')[^1] is "succeeded" or "error" or "timeout" or "cancelled";
}

internal sealed record Output(string Run, string Step, string Token);

internal enum CommandKind
{
    Cancel,
    Retry,
    Signal,
    Read,
}

internal enum CommandAnswer
{
    /// <summary>None, or one that leaves open whether it was done.</summary>
    Unknown,

    /// <summary>Done, and it changed something.</summary>
    Changed,

    /// <summary>It was so already.</summary>
    Unchanged,

    /// <summary>Refused, because the run has ended (in another way).</summary>
    Ended,

    /// <summary>Refused: all steps that wait for the signal have it; or the run cannot be retried.</summary>
    Refused,

    /// <summary>Of a read.</summary>
    Read,
}

/// <param name="Value">Of a signal what was sent, of a read the status that was shown.</param>
/// <param name="End">When it was answered; <see cref="History.Never"/> without an answer.</param>
internal sealed record Command(
    string Run, CommandKind Kind, string? Value, long Begin, long End, CommandAnswer Answer);

internal sealed record Violation(string Rule, string What)
{
    public override string ToString() => $"{Rule}: {What}";
}
