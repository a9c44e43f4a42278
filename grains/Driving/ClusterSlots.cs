using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Placement;
using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;
using AgentGrid.GrainInterfaces.Agents;
using AgentGrid.GrainInterfaces.Dispatch;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Grains.Driving;

/// <summary>
/// The slots that the dispatcher grants to one run. One delivery of an attempt has one slot, whoever asks for it: what was
/// asked twice is granted once.
/// </summary>
internal sealed partial class ClusterSlots(ClusterEngine engine) : ISlotSource
{
    private static readonly TimeSpan GrantWait = TimeSpan.FromMilliseconds(5);

    private readonly List<Task> _asking = [];
    private LoadSnapshot _routing = engine.Loads.ForTurn();
    private bool _hasWaited;

    public bool Refresh(RunDriver driver)
    {
        if (engine.Loads.AreAtHand)
        {
            BeginTurn();
            return false;
        }
        _ = RefreshAsync(driver);
        return true;
    }

    public IReadOnlyList<AgentLoad> Offering(ImmutableArray<string> capabilities) => _routing.Offering(capabilities);

    public AgentLoad? Named(string agent) => _routing.Named(agent);

    // Slots are granted by the dispatcher, after the turn has said what it wants.
    public IHeldSlot? TryTake(string agent, HedgedStep? hedged)
    {
        _routing.Count(agent);
        return null;
    }

    public IPendingSlot Ask(OpenAttempt attempt)
    {
        var (run, step, state) = (attempt.Run, attempt.Step, attempt.State);
        var request = new SlotRequest
        {
            Slot = SlotKey.Of(attempt),
            Agent = state.Agent,
            Priority = run.Priority,
            Deadline = run.Deadline,
            Tenant = run.Tenant,
            Flow = attempt.Flow,
            LongestPath = attempt.Rank,
            Near = NearOf(run, step),
            Prefer = attempt.Prefer is { } prefer ? Json.From(prefer.Wanted) : null,
            Gone = state.Losses > 0 && engine.LastGone is { } gone && !engine.IsAlive(gone) ? gone : null,
            Driver = engine.Node.Address,
            Isolation = SlotIsolation.Of(state),
            HearsOfDrain = true,
            Hedged = attempt.Hedged is { Budget: var budget } hedged
                ? new SlotHedge(hedged.Step, budget.AttemptsPercent ?? 0, hedged.IsBackup, budget.GpuSecondsPercent, budget.Window)
                : null,
        };
        var pending = new PendingSlot(attempt, request.Slot);
        var asking = engine.Attend(attempt.Driver, AskAsync(pending, request));
        if (!_hasWaited && _routing.IsLikelyFree(state.Agent))
        {
            _asking.Add(asking);
        }
        return pending;
    }

    public bool AwaitGrants(RunDriver driver)
    {
        _hasWaited = true;
        if (_asking.Count == 0)
        {
            return false;
        }
        Task[] asking = [.. _asking];
        _asking.Clear();
        _ = AwaitGrantsAsync(driver, asking);
        return true;
    }

    public void Withdraw(IPendingSlot pending)
    {
        var slot = (PendingSlot)pending;
        slot.IsWithdrawn = true;
        Release(slot.Attempt.Driver, slot.Slot);
    }

    public void Release(IHeldSlot slot)
    {
        var held = (ClusterSlot)slot;
        Release(held.Attempt.Driver, held.Slot);
    }

    public void Report(string agent, string? node, bool hasFailed) =>
        engine.Outcomes.Add(agent, node, hasFailed, _routing.IsFailing(agent, node));

    public void Forget(IPendingSlot pending) => ((PendingSlot)pending).IsForgotten = true;

    // It is asked for again under the same key; and lapses when it is not.
    public void Forget(IHeldSlot slot)
    {
    }

    private async Task RefreshAsync(RunDriver driver)
    {
        try
        {
            await engine.Loads.RefreshAsync();
            BeginTurn();
        }
        finally
        {
            driver.Continue();
        }
    }

    private void BeginTurn() => (_routing, _hasWaited) = (engine.Loads.ForTurn(), false);

    private async Task AwaitGrantsAsync(RunDriver driver, Task[] asking)
    {
        var granted = asking.Length == 1 ? asking[0] : Task.WhenAll(asking);
        await granted.WaitAsync(GrantWait, engine.Time)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        driver.Continue();
    }

    private void Release(RunDriver driver, string slot) => _ = engine.Attend(driver, engine.ReleaseAsync(slot));

    private async Task AskAsync(PendingSlot pending, SlotRequest request)
    {
        while (!pending.IsUnheard)
        {
            try
            {
                var reply = await engine.Dispatcher.AcquireSlotAsync(request);
                switch (reply.Outcome)
                {
                    case SlotOutcome.Granted or SlotOutcome.Waiting or SlotOutcome.Drained when pending.IsWithdrawn:
                        // It was asked for after it was given back: calls overtake each other.
                        await engine.ReleaseAsync(request.Slot);
                        return;
                    case SlotOutcome.Granted or SlotOutcome.AgentGone or SlotOutcome.HedgeRefused when pending.IsUnheard:
                        return;
                    case SlotOutcome.Granted:
                        pending.Attempt.Grant(
                            new ClusterSlot(pending.Attempt, request.Slot, reply.Node!, reply.Choice));
                        return;
                    case SlotOutcome.AgentGone:
                        pending.Attempt.FailForWantOfAgent();
                        return;
                    case SlotOutcome.HedgeRefused:
                        pending.Attempt.HearOfRefusal(reply.Reason!);
                        return;
                    case SlotOutcome.Drained:
                        request = request with { HearsOfDrain = false };
                        pending.Attempt.HearOfDrain();
                        break; // and ask again, until somebody else is asked
                    case SlotOutcome.Waiting or SlotOutcome.Withdrawn:
                        break; // ask again
                    default:
                        throw new InvalidOperationException($"Unknown outcome {reply.Outcome}.");
                }
            }
            catch (Exception e) when (Transient.Is(e))
            {
                LogUnanswered(engine.Logger, e, request.Slot);
                await Task.Delay(ClusterEngine.Pause, engine.Time);
            }
        }
    }

    // Where the step that it needs has run last, its output and whatever it has loaded may still be.
    private static string? NearOf(RunState run, StepState step)
    {
        foreach (var need in run.Plan.Needs[step.Index])
        {
            if (run.Steps[need].Attempts.FindLast(static a => a.Status == AttemptStatus.Succeeded) is { } before)
            {
                return before.Node;
            }
        }
        return null;
    }

    [LoggerMessage(705, LogLevel.Debug, "{Slot}: the dispatcher does not answer; asking again")]
    private static partial void LogUnanswered(ILogger logger, Exception exception, string slot);

    private sealed class PendingSlot(OpenAttempt attempt, string slot) : IPendingSlot
    {
        public OpenAttempt Attempt { get; } = attempt;
        public string Slot { get; } = slot;

        /// <summary>The slot is not wanted any more.</summary>
        public bool IsWithdrawn { get; set; }

        /// <summary>The run was taken up anew, and may have asked for the slot again.</summary>
        public bool IsForgotten { get; set; }

        /// <summary>Nobody waits for an answer.</summary>
        public bool IsUnheard => IsWithdrawn || IsForgotten || Attempt.Driver.IsStopping;
    }

    private sealed class ClusterSlot(OpenAttempt attempt, string slot, string node, PlacementDecision? choice) : IHeldSlot
    {
        public OpenAttempt Attempt { get; } = attempt;
        public string Slot { get; } = slot;
        public string Node { get; } = node;
        public PlacementDecision? Choice { get; } = choice;
    }
}
