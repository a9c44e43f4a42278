using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Invocations;
using AgentGrid.Engine.Slots;
using AgentGrid.GrainInterfaces.Agents;
using Microsoft.Extensions.Logging;
using SlotRequest = AgentGrid.Engine.Slots.SlotRequest;

namespace AgentGrid.Grains.Nodes;

/// <summary>
/// One call of an agent on this node. It gives its slot back exactly once: when the agent returns, or, when it was
/// cancelled and does not react, after a grace period.
/// </summary>
internal sealed partial class NodeInvocation : ISlotWaiter
{
    private readonly Node _node;
    private InvocationRequest? _request;
    private readonly SlotRequest _localSlot;
    private readonly CancellationTokenSource _cancellation = new();
    private readonly TaskCompletionSource<InvocationReply> _ended =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private ITimer? _grace;
    private long _endedAt;
    private long _askedAt;
    private int _asking;
    private bool _released;
    private bool _cancelled;
    private bool _abandoned;
    private bool _over;

    public NodeInvocation(Node node, InvocationRequest request)
    {
        _node = node;
        _request = request;
        Slot = request.Slot;
        Agent = request.Agent;
        _localSlot = new SlotRequest(request.Agent, 0, request.Deadline, this) { Gpu = request.Gpu };
        _askedAt = node.Time.GetTimestamp();
    }

    public string Slot { get; }
    public string Agent { get; }

    /// <summary>The index of the GPU whose memory it occupies; null when it occupies none, or does not run yet.</summary>
    public int? Gpu => _localSlot.Granted?.Gpu;

    /// <summary>The dispatcher's slot is held by this invocation.</summary>
    public bool HoldsSlot
    {
        get
        {
            lock (_gate)
            {
                return !_released;
            }
        }
    }

    /// <summary>Waits for a slot of the node, unless it has been cancelled before.</summary>
    public void Start() => _node.Slots.Wait(_localSlot);

    /// <summary>Waits for the end; for some seconds at most, so that a lost answer is asked for again.</summary>
    public async Task<InvocationReply> WaitAsync()
    {
        Interlocked.Increment(ref _asking);
        try
        {
            if (!_ended.Task.IsCompleted)
            {
                using var patience = _node.Patience();
                await ((Task)_ended.Task).WaitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            return _ended.Task.IsCompleted ? await _ended.Task : InvocationReply.Running;
        }
        finally
        {
            Volatile.Write(ref _askedAt, _node.Time.GetTimestamp());
            Interlocked.Decrement(ref _asking);
        }
    }

    /// <summary>Nobody wants the result any more.</summary>
    public void Cancel()
    {
        lock (_gate)
        {
            if (_cancelled || _over)
            {
                return;
            }
            _cancelled = true;
        }
        if (_node.Slots.Withdraw(_localSlot))
        {
            End(InvocationReply.Cancelled);
            return;
        }
        lock (_gate)
        {
            if (_over)
            {
                return;
            }
            _abandoned = true;
            _node.Statistics.Abandoned(Agent, +1);
            _grace = _node.Time.CreateTimer(
                static invocation => ((NodeInvocation)invocation!).ReleaseSlot(), this, _node.Options.CancelGrace,
                Timeout.InfiniteTimeSpan);
        }
        _ = CancelAsync();
    }

    public bool EndedFor(TimeSpan time) =>
        _ended.Task.IsCompleted && _node.Time.GetElapsedTime(Volatile.Read(ref _endedAt)) > time;

    public bool UnwantedFor(TimeSpan time) => !_ended.Task.IsCompleted && Volatile.Read(ref _asking) == 0
        && _node.Time.GetElapsedTime(Volatile.Read(ref _askedAt)) > time;

    void ISlotWaiter.OnGranted(TakenSlot slot) => _ = Task.Run(RunAsync);

    void ISlotWaiter.OnAgentGone() => End(new InvocationReply(InvocationStatus.Failed, Error: new RunError(
        ErrorKind.Routing, ErrorCodes.NoAgent,
        $"Agent '{Agent}' is not in the configuration of node '{_node.Name}' any more.", Retryable: false)));

    private async Task RunAsync()
    {
        var reply = InvocationReply.Cancelled;
        if (!_cancellation.IsCancellationRequested)
        {
            var outcome = await AgentCall.RunAsync(
                _node.Agent(Agent), Invocation(_request!), _node.Options.MaxOutputBytes, _node.Logger, _cancellation.Token)
                .ConfigureAwait(false);
            if (Gpu is { } gpu)
            {
                // However it ended. While it runs, its lease says what it occupies.
                _node.HasRun(Agent, gpu);
            }
            reply = outcome switch
            {
                null => InvocationReply.Cancelled,
                AttemptOutcome.Output x => new InvocationReply(InvocationStatus.Succeeded, x.Value),
                AttemptOutcome.Error x => new InvocationReply(InvocationStatus.Failed, Error: x.Reason),
                _ => throw new InvalidOperationException($"Unknown outcome {outcome.GetType()}."),
            };
        }
        End(reply);
    }

    // A callback that an agent has registered on its token can throw; that is the agent's failure and nobody else's.
    private async Task CancelAsync()
    {
        try
        {
            await _cancellation.CancelAsync().ConfigureAwait(false);
        }
        catch (AggregateException e)
        {
            LogCancelFailed(_node.Logger, e, Agent, Slot);
        }
    }

    private void End(InvocationReply reply)
    {
        lock (_gate)
        {
            if (_over)
            {
                return;
            }
            _over = true;
        }
        _grace?.Dispose();
        ReleaseSlot();
        if (_abandoned)
        {
            _node.Statistics.Abandoned(Agent, -1);
        }
        Volatile.Write(ref _endedAt, _node.Time.GetTimestamp());
        _request = null;
        _ended.SetResult(reply);
        _node.Running.Remove();
        _node.Ended(this);
    }

    private void ReleaseSlot()
    {
        lock (_gate)
        {
            if (_released)
            {
                return;
            }
            _released = true;
        }
        if (_localSlot.Granted is { } granted)
        {
            _node.Slots.Release(granted);
        }
        _node.Released.Add(Slot);
    }

    private AgentInvocation Invocation(InvocationRequest request) => new()
    {
        RunId = request.RunId,
        Key = new RunKey(request.MatchId, request.Round),
        Agent = request.Agent,
        Step = request.Step,
        Attempt = request.Attempt,
        Try = request.Try,
        Deadline = request.Deadline,
        InputSource = () => request.Input,
        Results = request.Results.ToImmutableDictionary(),
        TraceParent = request.TraceParent,
        Gpu = Gpu,
        Progress = new NodeProgress(_node, request),
    };

    [LoggerMessage(502, LogLevel.Warning, "Agent '{Agent}' threw when {Slot} was cancelled")]
    private static partial void LogCancelFailed(ILogger logger, Exception exception, string agent, string slot);
}
