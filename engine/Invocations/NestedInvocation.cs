using System.Diagnostics;
using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Engine.Invocations;

/// <summary>A call of an agent by another one, in the middle of an attempt.</summary>
internal sealed class NestedInvocation : Invocation
{
    private readonly InvocationServices _services;
    private readonly AgentInvocation _caller;
    private readonly Json _input;
    private readonly DateTimeOffset _deadline;
    private readonly TaskCompletionSource<AttemptOutcome?> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string? _trace;

    public NestedInvocation(
        InvocationServices services, AgentInvocation caller, string agent, Json input, DateTimeOffset deadline, string key, int depth)
        : base(services, agent, deadline, gpu: null, inAttempt: true)
    {
        (_services, _caller, _input, _deadline, Key, Depth) = (services, caller, input, deadline, key, depth);
        _trace = Activity.Current?.Id ?? caller.TraceParent;
    }

    /// <summary>What came of it; null when it was cancelled.</summary>
    public Task<AttemptOutcome?> Ended => _ended.Task;

    public override string Key { get; }

    public override InvokedAttempt Attempt => new(
        _caller.RunId, _caller.Key.MatchId, _caller.Key.Round, _caller.Step, _caller.Attempt);

    protected override int Depth { get; }

    protected override AgentInvocation OnBegin() => new()
    {
        RunId = _caller.RunId,
        Key = _caller.Key,
        Agent = Agent,
        Step = _caller.Step,
        Attempt = _caller.Attempt,
        Try = _caller.Try,
        IdempotencyKey = Key,
        Deadline = _deadline,
        InputSource = () => _input,
        TraceParent = _trace,
        Gpu = Slot?.Gpu,
        Progress = this,
    };

    protected override void OnUsed(long tokens)
    {
        base.OnUsed(tokens);
        if (_services.Slots.Named(Agent) is { Agent.RateLimit.Tokens: not null })
        {
            _services.SettleCall(Key, tokens);
        }
    }

    // How far the attempt is, is said by who made the call.
    protected override void OnProgress(double fraction, string? message)
    {
    }

    protected override void OnEnded(AttemptOutcome? outcome, bool wasAbandoned) => _ended.TrySetResult(outcome);
}
