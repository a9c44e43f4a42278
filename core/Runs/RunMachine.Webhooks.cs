using AgentGrid.Core.Plans;

namespace AgentGrid.Core.Runs;

public static partial class RunMachine
{
    // What is to be told follows from the very event that it is about, so that neither is ever there without the other.
    private static void Announce(RunState state, RunEvent e)
    {
        if (state.Webhooks.IsEmpty || e switch
        {
            RunEvent.RunCompleted => WebhookEvent.Completed,
            RunEvent.RunFailed => WebhookEvent.Failed,
            RunEvent.RunCancelled => WebhookEvent.Cancelled,
            // What came before does not make it wait.
            RunEvent.StepWaiting x when state[x.Step].Received is null => WebhookEvent.Waiting,
            RunEvent.StepReminded => WebhookEvent.Reminder,
            _ => (WebhookEvent?)null,
        } is not { } on)
        {
            return;
        }
        var (step, signal) = e switch
        {
            RunEvent.StepWaiting x => (x.Step, x.Signal),
            RunEvent.StepReminded x => (x.Step, x.Signal),
            _ => (null, (string?)null),
        };
        var run = RunDetailsBuilder.Summarize(state) with { OpenWebhooks = 0 };
        foreach (var webhook in state.Webhooks)
        {
            if (webhook.On.Contains(on))
            {
                state.OpenDeliveries++;
                state.Deliveries.Add(new WebhookDelivery
                {
                    Number = state.Deliveries.Count + 1,
                    Webhook = webhook,
                    Event = on,
                    At = e.Time,
                    Run = run,
                    // Where it was thrown is for those who may see the inside of agents.
                    Error = e is RunEvent.RunFailed failed ? failed.Error with { Detail = null } : null,
                    Step = step,
                    Signal = signal,
                });
            }
        }
    }

    private static void Deliver(RunState state, int number, string? error, DateTimeOffset? nextTryAt)
    {
        var before = state.Deliveries[number - 1];
        state.Deliveries[number - 1] = before with
        {
            Tries = before.Tries + 1,
            LastError = error,
            NextTryAt = nextTryAt,
            State = error is null ? DeliveryState.Delivered : nextTryAt is null ? DeliveryState.Failed : DeliveryState.Pending,
        };
        state.OpenDeliveries -= nextTryAt is null ? 1 : 0;
    }

    private sealed partial class Turn
    {
        // Whether the run has ended makes no difference.
        public string? ReportDelivery(RunInput.ReportDelivery input)
        {
            if (state.Deliveries.ElementAtOrDefault(input.Delivery - 1) is not { State: DeliveryState.Pending } delivery
                || input.Try != delivery.Tries + 1)
            {
                return $"try {input.Try} of delivery {input.Delivery}: it is settled, or that is known";
            }
            if (input.Error is not { } error)
            {
                Emit(new RunEvent.WebhookDelivered(input.Delivery) { Time = now });
                return null;
            }
            var next = now + Backoff.OfWebhook(limits.WebhookRetryAfter, input.Try, state.Seed, input.Delivery);
            Emit(new RunEvent.WebhookFailed(
                input.Delivery, RunReason.OneLine(error),
                input.GivesUp || next > delivery.At + limits.WebhookGiveUpAfter ? null : next)
            { Time = now });
            return null;
        }
    }
}
