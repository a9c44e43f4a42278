using System.Globalization;
using AgentGrid.Core.Plans;

namespace AgentGrid.Core.Runs;

/// <summary>One thing that one webhook is to be told of a run, and what has become of that.</summary>
public sealed record WebhookDelivery
{
    /// <summary>From 1, within the run, in the order in which they came to be.</summary>
    public required int Number { get; init; }

    public required Webhook Webhook { get; init; }

    /// <summary>What is told.</summary>
    public required WebhookEvent Event { get; init; }

    /// <summary>When that was.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The run as it was then.</summary>
    public required RunSummary Run { get; init; }

    /// <summary>Why it failed; null unless that is told.</summary>
    public RunError? Error { get; init; }

    /// <summary>The step that waits; null unless that is told.</summary>
    public string? Step { get; init; }

    /// <summary>What it waits for; null unless that is told.</summary>
    public string? Signal { get; init; }

    public DeliveryState State { get; init; }

    /// <summary>How often it has been tried, as far as that is known: one whose process died in the middle does not count.</summary>
    public int Tries { get; init; }

    /// <summary>Why the last try came to nothing; null before the first, and when it is delivered.</summary>
    public string? LastError { get; init; }

    /// <summary>When it is tried again; null for at once, and when it is settled.</summary>
    public DateTimeOffset? NextTryAt { get; init; }

    /// <summary>By which whoever is told knows a repetition: the same for every try.</summary>
    public string Id => string.Create(CultureInfo.InvariantCulture, $"msg_{Run.RunId.Value}_{Number}");
}

/// <summary>Where a delivery stands. <see cref="Failed"/>: it was given up.</summary>
public enum DeliveryState
{
    Pending,
    Delivered,
    Failed,
}
