using AgentGrid.Core;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Routing;
using AgentGrid.Engine.Dispatch;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Slots;
using AgentGrid.GrainInterfaces.Dispatch;
using AgentGrid.Grains.Nodes;
using Ask = AgentGrid.GrainInterfaces.Dispatch.SlotRequest;
using SlotRequest = AgentGrid.Engine.Slots.SlotRequest;

namespace AgentGrid.Grains.Dispatch;

/// <summary>A request for a slot that is not answered yet.</summary>
internal sealed class SlotWaiter : ISlotWaiter
{
    private readonly TaskCompletionSource<SlotReply> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SlotLeases<SiloAddress> _grants;
    private readonly Waiters _waiters;

    public SlotWaiter(Ask ask, SlotLeases<SiloAddress> grants, Waiters waiters)
    {
        _grants = grants;
        _waiters = waiters;
        Slot = ask.Slot;
        Driver = ask.Driver;
        Request = new SlotRequest(ask.Agent, ask.Priority, ask.Deadline, this, ask.Tenant)
        {
            Flow = ask.Flow,
            LongestPath = ask.LongestPath,
            Near = ask.Near,
            Prefer = LabelPreference.Of(ask.Prefer?.To<Labels>()),
            Isolation = ask.Isolation?.ToIsolation(),
            InAttempt = ask.StartOnly,
            StartOnly = ask.StartOnly,
            Hedged = ask.Hedged is { } hedged ? new HedgedStep(hedged.Step, BudgetOf(hedged), hedged.IsBackup) : null,
        };
    }

    public string Slot { get; }

    /// <summary>The silo that has asked for it last.</summary>
    public SiloAddress? Driver { get; set; }
    public SlotRequest Request { get; }

    /// <summary>How many calls wait for the answer.</summary>
    public int Asking { get; private set; }

    /// <summary>When the last call went away without an answer.</summary>
    public long AskedAt { get; private set; }

    /// <summary>The answer, or that there is none yet.</summary>
    /// <param name="hearsOfDrain">That the agent is drained is an answer.</param>
    public async Task<SlotReply> AnswerAsync(Node node, bool hearsOfDrain)
    {
        if (_answer.Task.IsCompleted)
        {
            return await _answer.Task;
        }
        Asking++;
        Task news = hearsOfDrain ? Task.WhenAny(_answer.Task, _drained.Task) : _answer.Task;
        await node.WaitAsync(news).ConfigureAwait(
            ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        Asking--;
        AskedAt = node.Time.GetTimestamp();
        return _answer.Task.IsCompleted ? await _answer.Task
            : new SlotReply(hearsOfDrain && _drained.Task.IsCompleted ? SlotOutcome.Drained : SlotOutcome.Waiting);
    }

    private static HedgeBudget BudgetOf(SlotHedge hedged) => new()
    {
        AttemptsPercent = hedged.BudgetPercent > 0 ? hedged.BudgetPercent : null,
        GpuSecondsPercent = hedged.GpuSecondsPercent,
        Window = hedged.Window ?? HedgeBudget.DefaultWindow,
    };

    /// <summary>What is said of a slot that was granted.</summary>
    public static SlotReply ReplyOf(TakenSlot slot) => new(SlotOutcome.Granted, slot.Node) { Choice = slot.Placement };

    public void Answer(SlotReply reply) => _answer.TrySetResult(reply);

    void ISlotWaiter.OnGranted(TakenSlot slot)
    {
        _grants.Hold(Slot, slot, Driver);
        _waiters.Remove(this);
        Answer(ReplyOf(slot));
    }

    void ISlotWaiter.OnMayStart()
    {
        _grants.Start(Slot, Request);
        _waiters.Remove(this);
        Answer(new SlotReply(SlotOutcome.Granted));
    }

    void ISlotWaiter.OnHedgeRefused(string reason)
    {
        _waiters.Remove(this);
        Answer(new SlotReply(SlotOutcome.HedgeRefused) { Reason = reason });
    }

    void ISlotWaiter.OnDrained() => _drained.TrySetResult();

    void ISlotWaiter.OnAgentGone()
    {
        _waiters.Remove(this);
        Answer(new SlotReply(SlotOutcome.AgentGone));
    }
}
