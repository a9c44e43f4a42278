using System.Collections.Immutable;

namespace AgentGrid.Core.Plans;

/// <summary>Somebody who is told what becomes of a run, by a signed post.</summary>
/// <param name="Url">An absolute address of http or https, without a user, a password and a fragment.</param>
/// <param name="On">What is told; at least one, in the order of the enumeration.</param>
public sealed record Webhook(string Url, ImmutableArray<WebhookEvent> On)
{
    /// <summary>How many a run can have, and a plan.</summary>
    public const int Most = 5;

    /// <summary>How many characters an address can have.</summary>
    public const int MaxUrlLength = 2_048;

    /// <summary>What is told where nothing is said: every end.</summary>
    public static readonly ImmutableArray<WebhookEvent> Ends =
        [WebhookEvent.Completed, WebhookEvent.Failed, WebhookEvent.Cancelled];
}

/// <summary>
/// What can be told of a run. <see cref="Waiting"/>: a step has begun to wait for a signal or for a person. <see cref="Reminder"/>: it still
/// waits, for as long as its plan says that somebody is to be reminded after.
/// </summary>
public enum WebhookEvent
{
    Completed,
    Failed,
    Cancelled,
    Waiting,
    Reminder,
}
