using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Webhooks;

namespace AgentGrid.Engine.Tests.Simulation;

/// <summary>Webhooks that take what they are told, or do not, or take it and their answer is lost.</summary>
internal sealed class SimulatedWebhooks(World world, SimulatedSilo silo) : IWebhookSender
{
    public string? Refusal(Webhook webhook) => null;

    public Task<WebhookAnswer> SendAsync(WebhookDelivery delivery, CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<WebhookAnswer>();
        silo.After(world.Random.NextDouble(), () =>
        {
            var (isTaken, isHeard) = (world.IsHealed || world.Chance(60), world.IsHealed || world.Chance(80));
            if (isTaken)
            {
                silo.Cluster.Tell(delivery);
            }
            answer.SetResult(isTaken && isHeard ? WebhookAnswer.Taken
                : new WebhookAnswer("simulated", GivesUp: !isTaken && world.Chance(10)));
        });
        return answer.Task;
    }
}
