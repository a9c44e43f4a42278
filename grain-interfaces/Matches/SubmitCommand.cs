using AgentGrid.Core;
using AgentGrid.Core.Grid;

namespace AgentGrid.GrainInterfaces.Matches;

/// <summary>A request to run a plan for a round of the match. See <see cref="Core.Grid.SubmitRun"/>.</summary>
[GenerateSerializer, Immutable, Alias("agentgrid.SubmitCommand")]
public sealed record SubmitCommand
{
    [Id(0)] public required string Round { get; init; }
    [Id(1)] public required Json Input { get; init; }

    /// <summary>The name of a plan; null for the default one.</summary>
    [Id(2)] public string? Plan { get; init; }
    [Id(3)] public Json? InlinePlan { get; init; }
    [Id(4)] public int Priority { get; init; }
    [Id(5)] public string? Tenant { get; init; }
    [Id(6)] public string? TraceParent { get; init; }
    [Id(7)] public DateTimeOffset? StartAt { get; init; }
    [Id(8)] public TimeSpan? Delay { get; init; }

    /// <summary>A list of <see cref="Core.Plans.Webhook"/>; null for none.</summary>
    [Id(9)] public Json? Webhooks { get; init; }

    /// <summary>A <see cref="Core.Runs.ParentRun"/> as JSON; null for a run that was posted.</summary>
    [Id(10)] public Json? Parent { get; init; }

    /// <summary>An object of texts; null for none.</summary>
    [Id(11)] public Json? Labels { get; init; }

    /// <summary>A <see cref="Core.Grid.OnConflict"/> as a number; 0 is to refuse.</summary>
    [Id(12)] public int OnConflict { get; init; }

    /// <summary>All that a request says but its match, which is whom the grain is for.</summary>
    public static SubmitCommand Of(SubmitRun submit) => new()
    {
        Round = submit.Key.Round,
        Input = submit.Input,
        Plan = submit.Plan,
        InlinePlan = submit.InlinePlan,
        Priority = submit.Priority,
        Tenant = submit.Tenant,
        TraceParent = submit.TraceParent,
        StartAt = submit.StartAt,
        Delay = submit.Delay,
        Webhooks = submit.Webhooks.IsDefaultOrEmpty ? null : Json.From(submit.Webhooks),
        Parent = submit.Parent is { } parent ? Json.From(parent) : null,
        Labels = submit.Labels is { } labels ? Json.From(labels) : null,
        OnConflict = (int)submit.OnConflict,
    };
}
