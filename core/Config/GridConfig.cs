using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Plans;

namespace AgentGrid.Core.Config;

/// <summary>Everything that the files say, at one moment. Replaced as a whole when they change.</summary>
public sealed record GridConfig
{
    public static readonly GridConfig Empty = new();

    public ImmutableSortedDictionary<string, AgentConfig> Agents { get; init; } =
        ImmutableSortedDictionary<string, AgentConfig>.Empty;

    public ImmutableSortedDictionary<string, QueueConfig> Queues { get; init; } =
        ImmutableSortedDictionary<string, QueueConfig>.Empty;

    public ImmutableSortedDictionary<string, Plan> Plans { get; init; } =
        ImmutableSortedDictionary<string, Plan>.Empty;

    public ImmutableSortedDictionary<string, ScheduleConfig> Schedules { get; init; } =
        ImmutableSortedDictionary<string, ScheduleConfig>.Empty;

    /// <summary>The plan of a request that names none; null when there is no such plan.</summary>
    public string? DefaultPlan { get; init; }
}
