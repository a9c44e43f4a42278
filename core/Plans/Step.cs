using System.Collections.Immutable;
using AgentGrid.Core.Agents;

namespace AgentGrid.Core.Plans;

/// <summary>A node of a plan: what is to be done, by whom it may be done, and what happens when it fails.</summary>
public sealed record Step
{
    public required string Id { get; init; }

    /// <summary>The steps whose outputs it is given; it starts when all of them are completed or skipped.</summary>
    public ImmutableArray<string> Needs { get; init; } = [];

    /// <summary>Any agent that offers one of these may be asked. Empty when <see cref="Agent"/> or <see cref="Plan"/> is set.</summary>
    public ImmutableArray<string> Capabilities { get; init; } = [];

    /// <summary>The one agent that is asked, by name; null when capabilities are.</summary>
    public string? Agent { get; init; }

    /// <summary>The plan whose runs do its work, by name; null for a step that asks agents or waits.</summary>
    public string? Plan { get; init; }

    /// <summary>Who is asked and nobody else, as attempts have it; null when capabilities are.</summary>
    public string? Named => Agent ?? (Plan is null ? null : PlanCalls.NameOf(Plan));

    public StepMode Mode { get; init; } = StepMode.One;

    /// <summary>How many branches must succeed. Only in the modes all and each.</summary>
    public Require Require { get; init; } = Require.All;

    /// <summary>How many branches may fail where all of them are waited for: <see cref="Plans.Require.Settled"/>.</summary>
    public Tolerance MaxFailures { get; init; }

    /// <summary>Mode race: how many agents at most.</summary>
    public int Candidates { get; init; } = 2;

    /// <summary>Mode race: how long the next backup waits for the ones before it.</summary>
    public TimeSpan HedgeAfter { get; init; }

    /// <summary>
    /// Mode race, and items of mode each: backups that are asked by how long agents take, within a budget; null for none, and for those of
    /// <see cref="HedgeAfter"/>.
    /// </summary>
    public Hedge? Hedge { get; init; }

    /// <summary>A race whose backups are asked by how long agents take.</summary>
    internal bool IsHedgedRace => Hedge is not null && Mode == StepMode.Race;

    /// <summary>Each of its items may have backups.</summary>
    internal bool HasHedgedItems => Hedge is not null && Mode == StepMode.Each;

    /// <summary>Mode each: where the list is, in the input or in the output of a needed step.</summary>
    public ValuePath? ForEach { get; init; }

    /// <summary>
    /// What its agents are given, member by member, and nothing else but <see cref="Input"/>; null: what was posted, the
    /// outputs of the needed steps under their ids, and <c>item</c> and <c>index</c> in mode each.
    /// </summary>
    public ImmutableSortedDictionary<string, InputMember>? With { get; init; }

    /// <summary>A JSON object that is merged over the input of every attempt; null for none.</summary>
    public Json? Input { get; init; }

    /// <summary>How long an attempt may run; null: as the agent says.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Null: as the agent says.</summary>
    public RetryPolicy? Retry { get; init; }

    /// <summary>
    /// Agents to try, in this order, when the first has failed for good. Empty: the other agents that match, best
    /// first (mode one and each), or none.
    /// </summary>
    public ImmutableArray<string> Fallback { get; init; } = [];

    /// <summary>The labels of agents that come before others, and where their texts come from; null for none.</summary>
    public ImmutableSortedDictionary<string, InputMember>? Prefer { get; init; }

    /// <summary>The step is skipped when this is not true; null: always runs.</summary>
    public Condition? When { get; init; }

    /// <summary>The run goes on when this step fails; those that need it get null.</summary>
    public bool Optional { get; init; }

    /// <summary>What happens when no agent matches.</summary>
    public OnNone OnNone { get; init; } = OnNone.Fail;

    /// <summary>The signal that it waits for; null for a step that asks agents.</summary>
    public StepWait? Wait { get; init; }

    /// <summary>What it does, in one word: its mode, or <c>wait</c> or <c>approve</c>.</summary>
    public string Kind => Wait switch
    {
        null => StepReader.WordOf(Mode),
        { Approval: null } => "wait",
        _ => "approve",
    };
}

public enum StepMode
{
    /// <summary>The best agent, with fallbacks behind it.</summary>
    One,

    /// <summary>Every matching agent at once.</summary>
    All,

    /// <summary>Several agents for the same work; the first success wins and the others are cancelled.</summary>
    Race,

    /// <summary>One invocation per item of a list.</summary>
    Each,
}

public enum OnNone
{
    Fail,
    Skip,
}

/// <summary>A quorum: how many branches of a step must succeed.</summary>
/// <param name="Count">Null: all of them.</param>
/// <param name="Settles">All of them are waited for, whether they succeed or fail; the count means nothing then.</param>
public readonly record struct Require(int? Count, bool Settles = false)
{
    public static readonly Require All = new(null);
    public static readonly Require Any = new(1);

    /// <summary>All branches end, and what they came to is handed on: outputs, and why the others failed.</summary>
    public static readonly Require Settled = new(null, Settles: true);

    /// <summary>How many of <paramref name="branches"/> must succeed; a quorum larger than that asks for all.</summary>
    public int Of(int branches) => Math.Min(Count ?? branches, branches);

    public override string ToString() => Settles ? "settled" : Count switch { null => "all", 1 => "any", var n => n.Value.ToString() };
}

/// <summary>How many branches of a step may fail: a number, a share, or, as it is by default, as many as there are.</summary>
/// <param name="Count">Null where it is no number.</param>
/// <param name="Percent">0 to 100; null where it is no share.</param>
public readonly record struct Tolerance(int? Count, double? Percent)
{
    /// <summary>How many of <paramref name="branches"/> may fail; of a share, rounded down.</summary>
    public int Of(int branches) => Count ?? (Percent is { } percent ? (int)(branches * (percent / 100)) : branches);
}
