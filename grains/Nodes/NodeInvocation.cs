using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Artifacts;
using AgentGrid.Engine.Invocations;
using AgentGrid.GrainInterfaces.Agents;
using AgentGrid.GrainInterfaces.Dispatch;
using AgentGrid.GrainInterfaces.Matches;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Grains.Nodes;

/// <summary>
/// One call of an agent for a run that is driven anywhere: grain calls wait for what comes of it, and may ask again. It
/// occupies a slot of the dispatcher from the beginning, and waits for one of this node.
/// </summary>
internal sealed partial class NodeInvocation : Invocation
{
    private const int MostTries = 5;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(500);

    private readonly Node _node;
    private readonly DateTimeOffset _deadline;
    private readonly TaskCompletionSource<InvocationReply> _ended =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    private InvocationRequest? _request;
    private long? _tokens;
    private long _endedAt;
    private long _askedAt;
    private int _asking;

    public NodeInvocation(Node node, InvocationRequest request)
        : this(node, request, request.DeadlineBy(node.Time))
    {
    }

    private NodeInvocation(Node node, InvocationRequest request, DateTimeOffset deadline)
        : base(node.Invocations, request.Agent, deadline, request.Gpu)
    {
        (_node, _deadline) = (node, deadline);
        _request = request;
        Key = request.Slot;
        Isolation = request.Isolation;
        WantsReceipt = request.WantsReceipt;
        Attempt = new InvokedAttempt(request.RunId, request.MatchId, request.Round, request.Step, request.Attempt);
        _askedAt = node.Time.GetTimestamp();
    }

    /// <summary>Names the dispatcher's slot.</summary>
    public override string Key { get; }

    public override InvokedAttempt Attempt { get; }

    /// <summary>How it is kept apart from others; null when it is not.</summary>
    public SlotIsolation? Isolation { get; }

    /// <summary>Waits for the end; for some seconds at most, so that a lost answer is asked for again.</summary>
    public async Task<InvocationReply> WaitAsync()
    {
        Interlocked.Increment(ref _asking);
        try
        {
            if (!_ended.Task.IsCompleted)
            {
                await _node.WaitAsync(_ended.Task).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            return _ended.Task.IsCompleted ? await _ended.Task : InvocationReply.Running;
        }
        finally
        {
            Volatile.Write(ref _askedAt, _node.Time.GetTimestamp());
            Interlocked.Decrement(ref _asking);
        }
    }

    public bool EndedFor(TimeSpan time) =>
        _ended.Task.IsCompleted && _node.Time.GetElapsedTime(Volatile.Read(ref _endedAt)) > time;

    public bool UnwantedFor(TimeSpan time) => !_ended.Task.IsCompleted && Volatile.Read(ref _asking) == 0
        && _node.Time.GetElapsedTime(Volatile.Read(ref _askedAt)) > time;

    protected override AgentInvocation OnBegin()
    {
        var request = _request!;
        return new AgentInvocation
        {
            RunId = request.RunId,
            Key = new RunKey(request.MatchId, request.Round),
            Agent = request.Agent,
            Step = request.Step,
            Attempt = request.Attempt,
            Try = request.Try,
            Deadline = _deadline,
            InputSource = () => request.Input,
            MemberSource = request.Captured is { } captured ? captured.Member : null,
            Results = request.Captured?.Results ?? request.Results.ToImmutableDictionary(
                static r => r.Key, r => StoredValues.Find(_node.Invocations.Artifacts, request.RunId, r.Value)),
            TraceParent = request.TraceParent,
            Gpu = Slot?.Gpu,
            Progress = this,
        };
    }

    // One way: nobody waits for it, and a report that is lost is followed by others.
    protected override void OnProgress(double fraction, string? message)
    {
        if (_request is { } request)
        {
            _ = _node.Grains.GetGrain<IMatchGrain>(request.MatchId).ReportProgressAsync(
                new ProgressReport(request.RunId, request.Step, request.Attempt, fraction, message));
        }
    }

    // While it runs, its lease says what it occupies.
    protected override void OnReturned()
    {
        if (Slot?.Gpu is { } gpu)
        {
            _node.HasRun(Agent, gpu);
        }
    }

    // The dispatcher counts them, and not the table of this node.
    protected override void OnUsed(long tokens) =>
        _tokens = _node.Slots.Named(Agent) is { Agent.RateLimit.Tokens: not null } ? tokens : null;

    protected override void OnReleased() => _node.Released.Add(Key, _tokens);

    protected override bool WantsReceipt { get; }

    protected override void OnStopped(AttemptStop stop) => _ = TellAsync(new StopReport(
        Attempt.RunId, Attempt.Step, Attempt.Number, stop.HasStopped, stop.Acknowledged, stop.Seconds, stop.GpuSeconds));

    protected override void OnEnded(AttemptOutcome? outcome, bool wasAbandoned)
    {
        Volatile.Write(ref _endedAt, _node.Time.GetTimestamp());
        _request = null;
        _ended.SetResult(outcome switch
        {
            null => InvocationReply.Cancelled,
            AttemptOutcome.Output x => new InvocationReply(InvocationStatus.Succeeded, x.Value) { Tokens = x.Tokens },
            AttemptOutcome.Error x => new InvocationReply(InvocationStatus.Failed, Error: x.Reason) { Tokens = x.Tokens },
            _ => throw new InvalidOperationException($"Unknown outcome {outcome.GetType()}."),
        });
        _node.Ended(this);
    }

    // One that is lost in the end is a receipt that says less; nothing waits for it.
    private async Task TellAsync(StopReport report)
    {
        for (var tries = 1; ; tries++)
        {
            try
            {
                await _node.Grains.GetGrain<IMatchGrain>(Attempt.MatchId).ReportStopAsync(report).ConfigureAwait(false);
                return;
            }
            catch (Exception e) when (Transient.Is(e))
            {
                if (tries == MostTries)
                {
                    LogUntold(_node.Logger, e, Key);
                    return;
                }
            }
            await Task.Delay(tries * s_pause, _node.Time).ConfigureAwait(false);
        }
    }

    [LoggerMessage(512, LogLevel.Debug, "{Slot}: that its agent was told to stop, and what became of that, could not be told")]
    private static partial void LogUntold(ILogger logger, Exception exception, string slot);
}
