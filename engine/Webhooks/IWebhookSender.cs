using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Webhooks;

/// <summary>Posts to webhooks.</summary>
public interface IWebhookSender
{
    /// <summary>Why nothing can be posted to it; null when it can be tried.</summary>
    string? Refusal(Webhook webhook);

    /// <summary>Posts once.</summary>
    /// <exception cref="OperationCanceledException">It was broken off, and may have been taken or not.</exception>
    Task<WebhookAnswer> SendAsync(WebhookDelivery delivery, CancellationToken cancellationToken);
}

/// <summary>What came of a post.</summary>
/// <param name="Error">Why it was not taken, in one line; null when it was.</param>
/// <param name="GivesUp">There is no need to try again.</param>
public sealed record WebhookAnswer(string? Error, bool GivesUp = false)
{
    /// <summary>It was taken.</summary>
    public static readonly WebhookAnswer Taken = new(Error: null);
}
