using AgentGrid.Core;
using AgentGrid.Core.Runs;

namespace AgentGrid.GrainInterfaces.Agents;

/// <summary>One attempt, as its node needs it.</summary>
[GenerateSerializer, Immutable, Alias("agentgrid.InvocationRequest")]
public sealed record InvocationRequest
{
    [NonSerialized]
    private readonly AttemptInput? _captured;

    /// <summary>Names the slot that was granted; one per delivery of the attempt.</summary>
    [Id(0)] public required string Slot { get; init; }
    [Id(1)] public required RunId RunId { get; init; }
    [Id(2)] public required string MatchId { get; init; }
    [Id(3)] public required string Round { get; init; }
    [Id(4)] public required string Agent { get; init; }
    [Id(5)] public required string Step { get; init; }
    [Id(6)] public required int Attempt { get; init; }
    [Id(7)] public required int Try { get; init; }
    [Id(8)] public required DateTimeOffset Deadline { get; init; }

    /// <summary>The JSON object that the agent is given.</summary>
    [Id(9)]
    public Json Input
    {
        get => field ??= Captured!.Compose();
        init;
    }

    /// <summary>The outputs of the steps that this one needs, by step id.</summary>
    [Id(10)]
    public Dictionary<string, Json> Results
    {
        get => field ??= Captured!.Results.ToDictionary();
        init;
    }

    /// <summary>
    /// What both come from. It does not leave the process: a node of the same process has nothing composed and nothing copied
    /// that its agent does not ask for. Null in another one.
    /// </summary>
    public AttemptInput? Captured
    {
        get => _captured;
        init => _captured = value;
    }

    [Id(11)] public string? TraceParent { get; init; }

    /// <summary>
    /// The index of the node's GPU that was granted: the node takes another only when that one has no room. Null when the
    /// attempt occupies none.
    /// </summary>
    [Id(12)] public int? Gpu { get; init; }

    /// <summary>How it is kept apart from others; null when it is not.</summary>
    [Id(13)] public SlotIsolation? Isolation { get; init; }

    /// <summary>The match is to be told what becomes of it when it has been cancelled.</summary>
    [Id(14)] public bool WantsReceipt { get; init; }

    /// <summary>
    /// How long it has until <see cref="Deadline"/>, which is by the clock of who asks. Null from silos that do not say it yet.
    /// </summary>
    [Id(15)] public TimeSpan? Left { get; init; }

    /// <summary>The deadline by another clock: machines have their own, and these can be minutes apart.</summary>
    public DateTimeOffset DeadlineBy(TimeProvider time) => Left is { } left ? time.GetUtcNow() + left : Deadline;
}
