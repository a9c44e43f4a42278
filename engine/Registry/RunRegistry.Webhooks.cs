using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;

namespace AgentGrid.Engine.Registry;

// Webhooks are told beside the run: no turn waits for that, and it goes on when the run has ended. What comes of a try is
// a turn of the run, so that whoever drives it next, here or elsewhere, goes on from there.
public sealed partial class RunRegistry
{
    private static readonly TimeSpan s_pauseAfterFailure = TimeSpan.FromSeconds(5);

    // What is being told here.
    private readonly HashSet<(RunId Run, int Delivery)> _deliveries = [];

    /// <summary>What a run owes to webhooks is being told here, or all of it is settled.</summary>
    public bool Delivers(RunId run)
    {
        lock (_gate)
        {
            return _deliveries.Any(d => d.Run == run);
        }
    }

    /// <summary>Tells webhooks what a run that has ended still owes them, by what is kept of it.</summary>
    public void Deliver(RunState state)
    {
        foreach (var delivery in state.Deliveries.Where(static d => d.State == DeliveryState.Pending).ToArray())
        {
            Deliver(state.Id, delivery);
        }
    }

    private void Deliver(RunId run, WebhookDelivery delivery)
    {
        lock (_gate)
        {
            if (host.Stopping.IsCancellationRequested || !_deliveries.Add((run, delivery.Number)))
            {
                return;
            }
        }
        _ = DeliverAsync(run, delivery);
    }

    private async Task DeliverAsync(RunId run, WebhookDelivery delivery)
    {
        WebhookDelivery? next = delivery;
        while (next is { State: DeliveryState.Pending } open && !host.Stopping.IsCancellationRequested)
        {
            try
            {
                if (open.NextTryAt - time.GetUtcNow() is { } left && left > TimeSpan.Zero)
                {
                    await platform.Wait(Task.Delay(left, time, host.Stopping));
                }
                var answer = await platform.Wait(host.Webhooks.SendAsync(open, host.Stopping));
                host.Stopping.ThrowIfCancellationRequested();
                var tries = open.Tries + 1;
                next = await ReportAsync(
                    run, new RunInput.ReportDelivery(open.Number, tries, answer.Error, answer.GivesUp),
                    state => state.Deliveries[open.Number - 1], kept => kept.State != DeliveryState.Pending || kept.Tries >= tries);
            }
            catch (OperationCanceledException) when (host.Stopping.IsCancellationRequested)
            {
                break; // the next process goes on from what is kept
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // It may have been told, and it is not known: so it is told again, with the same id.
                host.DeliveryFailed(run, e);
                next = open with { NextTryAt = time.GetUtcNow() + s_pauseAfterFailure };
            }
        }
        lock (_gate)
        {
            _deliveries.Remove((run, delivery.Number));
        }
        if (IsEmpty)
        {
            host.BecameEmpty();
        }
    }

    /// <summary>Why the webhooks of a new run cannot be told; null when they can be tried.</summary>
    private ConfigProblem? WebhookProblem(SubmitRun submit, PlanAsked asked)
    {
        ConfigProblem? Of(ImmutableArray<Webhook> webhooks, string path) => webhooks
            .Select((w, i) => host.Webhooks.Refusal(w) is not { } refusal ? null : new ConfigProblem(
                null, 0, 0, $"{path}webhooks[{i}].url", CommandCodes.WebhookRefused, refusal))
            .FirstOrDefault(static p => p is not null);

        var plan = submit.InlinePlan is null ? [] : asked.Plan!.Settings.Webhooks;
        return submit.Webhooks.Length > Webhook.Most
            ? new ConfigProblem(
                null, 0, 0, "webhooks", CommandCodes.WebhookRefused,
                $"The request has {submit.Webhooks.Length} webhooks; at most {Webhook.Most} are allowed.")
            : Of(submit.Webhooks, "") ?? Of(plan, "plan.");
    }
}
