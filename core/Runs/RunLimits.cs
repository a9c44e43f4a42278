namespace AgentGrid.Core.Runs;

/// <summary>The limits that an engine sets to runs.</summary>
public sealed record RunLimits
{
    /// <summary>Those of an engine that is not told otherwise.</summary>
    public static readonly RunLimits Default = new();

    /// <summary>The longest time between two tries of a webhook.</summary>
    public static readonly TimeSpan LongestWebhookRetry = TimeSpan.FromHours(4);

    /// <summary>
    /// How many times in a row the node of an attempt may die while it runs; after that it has failed as <c>lost</c>. At
    /// least <see cref="Isolation.MostInCompany"/>, or those would be charged that only ran beside the cause.
    /// </summary>
    public int MaxLosses { get; init; } = 6;

    /// <summary>How many items a step of mode <c>each</c> may have; with more it fails.</summary>
    public int MaxItems { get; init; } = 10_000;

    /// <summary>
    /// How many bytes the outputs of a step of mode <c>all</c> or <c>each</c> may have together; with more it fails.
    /// </summary>
    public int MaxStepOutputBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>
    /// How long it takes from the first try of a webhook to the second; to the next six times as long each time, up to
    /// <see cref="LongestWebhookRetry"/>.
    /// </summary>
    public TimeSpan WebhookRetryAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long after what it tells a webhook is given up.</summary>
    public TimeSpan WebhookGiveUpAfter { get; init; } = TimeSpan.FromHours(24);
}
