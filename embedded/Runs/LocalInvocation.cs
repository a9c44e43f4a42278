using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Invocations;
using AgentGrid.Engine.Slots;
using AgentGrid.Engine.Store;
using AgentGrid.Engine.Telemetry;

namespace AgentGrid.Embedded.Runs;

/// <summary>One call of an agent for a run that is driven in this process: the driver is told what comes of it.</summary>
internal sealed class LocalInvocation : Invocation, IPendingCall
{
    private readonly OpenAttempt _attempt;
    private readonly RunTrace? _trace;
    private readonly AgentInvocation _invocation;
    private readonly SlotTable _slots;
    private bool _owes;

    public LocalInvocation(InvocationServices services, AgentCallRequest request)
        : base(services, request.Attempt.State.Agent, (TakenSlot)request.Slot)
    {
        var (run, attempt) = (request.Attempt.Run, request.Attempt.State);
        _attempt = request.Attempt;
        _trace = request.Trace;
        _slots = services.Slots;
        _invocation = new AgentInvocation
        {
            RunId = run.Id,
            Key = run.Key,
            Agent = attempt.Agent,
            Step = request.Attempt.Step.Id,
            Attempt = attempt.Number,
            Try = attempt.Try,
            Deadline = attempt.Deadline,
            InputSource = request.Input.Compose,
            MemberSource = request.Input.Member,
            Results = request.Input.Results,
            Progress = this,
        };
    }

    public override string Key => _invocation.IdempotencyKey;

    public override InvokedAttempt Attempt => new(
        _invocation.RunId, _invocation.Key.MatchId, _invocation.Key.Round, _invocation.Step, _invocation.Attempt);

    protected override AgentInvocation OnBegin()
    {
        Span = _trace?.BeginAttempt(_attempt.Step, _attempt.State);
        _invocation.TraceParent = Span?.Id;
        return _invocation;
    }

    protected override void OnProgress(double fraction, string? message) => _attempt.Driver.Post(
        new RunInput.ReportProgress(_invocation.Step, _invocation.Attempt, fraction, message));

    // What follows in the run may go before all that wait for the slot.
    protected override void GiveBack(TakenSlot slot, bool ends)
    {
        if (ends)
        {
            _owes = _slots.Free(slot);
        }
        else
        {
            base.GiveBack(slot, ends);
        }
    }

    protected override bool WantsReceipt => _attempt.WantsReceipt;

    protected override void OnStopped(AttemptStop stop) =>
        _attempt.Driver.ReportStop(new RunInput.ReportStop(_invocation.Step, _invocation.Attempt, stop));

    protected override void OnEnded(AttemptOutcome? outcome, bool wasAbandoned)
    {
        RunInput? told = outcome switch
        {
            null => null,
            AttemptOutcome.Output o => new RunInput.CompleteAttempt(_invocation.Step, _invocation.Attempt, o.Value) { Tokens = o.Tokens },
            AttemptOutcome.Error e => new RunInput.FailAttempt(_invocation.Step, _invocation.Attempt, e.Reason) { Tokens = e.Tokens },
            _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome.GetType(), "unknown outcome"),
        };
        RunTrace.EndAttempt(Span, told, wasAbandoned);
        var isHeard = told is not null && (_owes ? _attempt.Driver.PostAndServe(told) : _attempt.Driver.Post(told));
        if (_owes && !isHeard)
        {
            _slots.Serve();
        }
    }
}
