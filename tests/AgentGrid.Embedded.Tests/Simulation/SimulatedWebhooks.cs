using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Webhooks;

namespace AgentGrid.Embedded.Tests.Simulation;

/// <summary>Webhooks that take what they are told, or do not, or take it and their answer is lost.</summary>
internal sealed class SimulatedWebhooks(Random random, TimeProvider time, Func<bool> isHealed, Action<WebhookDelivery> taken) : IWebhookSender
{
    public string? Refusal(Webhook webhook) => null;

    public Task<WebhookAnswer> SendAsync(WebhookDelivery delivery, CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<WebhookAnswer>();
        ITimer? timer = null;
        timer = time.CreateTimer(
            _ =>
            {
                timer!.Dispose();
                if (cancellationToken.IsCancellationRequested)
                {
                    answer.TrySetCanceled(cancellationToken);
                    return;
                }
                var (isTaken, isHeard) = (isHealed() || random.Next(100) < 60, isHealed() || random.Next(100) < 80);
                if (isTaken)
                {
                    taken(delivery);
                }
                answer.SetResult(isTaken && isHeard ? WebhookAnswer.Taken
                    : new WebhookAnswer("simulated", GivesUp: !isTaken && random.Next(10) == 0));
            },
            null, TimeSpan.FromMilliseconds(random.Next(500)), Timeout.InfiniteTimeSpan);
        return answer.Task;
    }
}
