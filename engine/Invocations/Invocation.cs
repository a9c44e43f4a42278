using System.Diagnostics;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Slots;

namespace AgentGrid.Engine.Invocations;

/// <summary>
/// One call of an agent on this node. It has a slot of the node's table, which it may have to wait for, and gives it back
/// exactly once: when the agent returns, or, when it was cancelled and the agent does not react, after a grace period.
/// </summary>
/// <remarks>Who is told how it goes is left to those who derive from it. They are told on any thread, outside any lock.</remarks>
public abstract partial class Invocation : IThreadPoolWorkItem, IAgentProgress, IAgentServices, ISlotWaiter
{
    private const int LongestProgressMessage = 500;

    private const int Open = 0;
    private const int Abandoned = 1;
    private const int Ended = 2;

    private readonly InvocationServices _services;
    private readonly TakenSlot? _taken;
    private readonly SlotRequest? _awaited;
    private readonly CancellationTokenSource _cancellation = new();
    private ProgressThrottle _progress;
    private ITimer? _apart;
    private ITimer? _grace;
    private long _began;
    private long _cancelled;
    private DateTimeOffset _cancelledAt;
    private int _phase;
    private bool _released;
    private bool _ignoresCancellation;

    /// <summary>On a slot that was taken for it.</summary>
    protected Invocation(InvocationServices services, string agent, TakenSlot slot)
    {
        (_services, Agent, _taken) = (services, agent, slot);
        services.Running.Add();
        if (slot.Isolation is { } isolation)
        {
            _apart = services.Time.CreateTimer(
                static invocation => ((Invocation)invocation!).EndIsolation(), this, isolation.Time, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>On a slot that it waits for first.</summary>
    /// <param name="deadline">Of the attempt: the earlier one is served first.</param>
    /// <param name="gpu">The GPU that has been chosen for it; null for none.</param>
    /// <param name="inAttempt">It is a call in the middle of an attempt that runs.</param>
    protected Invocation(InvocationServices services, string agent, DateTimeOffset deadline, int? gpu, bool inAttempt = false)
    {
        (_services, Agent) = (services, agent);
        _awaited = new SlotRequest(agent, 0, deadline, this) { Gpu = gpu, InAttempt = inAttempt };
        services.Running.Add();
    }

    /// <summary>The name of the agent.</summary>
    public string Agent { get; }

    /// <summary>Names the attempt, for logs.</summary>
    public abstract string Key { get; }

    /// <summary>The attempt that the agent is called for.</summary>
    public abstract InvokedAttempt Attempt { get; }

    /// <summary>The attempt's span; null before it runs, and when it is not traced here.</summary>
    public Activity? Span { get; protected set; }

    /// <summary>Its slot, whether or not it has been given back; null while it waits for one.</summary>
    public TakenSlot? Slot => _taken ?? _awaited!.Granted;

    /// <summary>It has a slot or waits for one; false once that is given back.</summary>
    public bool HoldsSlot => !Volatile.Read(ref _released);

    /// <summary>Calls the agent soon, or when the slot that it waits for is there.</summary>
    public void Start()
    {
        if (_awaited is null)
        {
            _services.Platform.Queue(this, preferLocal: true);
        }
        else
        {
            _services.Slots.Wait(_awaited);
        }
    }

    /// <summary>It is not wanted, and nobody knows of it: it is as if it had never been.</summary>
    public void Discard() => _services.Running.Remove();

    /// <summary>Nobody wants the result any more. Harmless when it is there already, and when it is said again.</summary>
    /// <param name="inFavourOf">The span of the attempt that won instead, if one did.</param>
    public void Cancel(ActivityContext inFavourOf = default)
    {
        if (_awaited is not null && _services.Slots.Withdraw(_awaited))
        {
            End(null);
            return;
        }
        if (!Abandon())
        {
            return;
        }
        if (inFavourOf != default)
        {
            Span?.AddLink(new ActivityLink(inFavourOf));
        }
        _ = CancelAsync();
    }

    /// <summary>What there is to say of it after it was cancelled, while the agent has not returned.</summary>
    internal AbandonedAttempt Describe()
    {
        var attempt = Attempt;
        return new AbandonedAttempt(
            attempt.RunId, attempt.MatchId, attempt.Round, attempt.Step, attempt.Number, _services.Node, _cancelledAt,
            HoldsSlot ? _cancelledAt + _services.CancelGrace : null);
    }

    /// <inheritdoc/>
    public void Report(double fraction, string? message = null)
    {
        if (Volatile.Read(ref _phase) == Open && _progress.Admits(_services.Time))
        {
            OnProgress(fraction, message is null ? null : Names.Shorten(message, LongestProgressMessage));
        }
    }

    /// <summary>How many calls by other agents have led to this one; 0 for an attempt.</summary>
    protected virtual int Depth => 0;

    /// <summary>The agent is about to be called.</summary>
    /// <returns>What it is asked.</returns>
    protected abstract AgentInvocation OnBegin();

    /// <summary>The agent says how far it is: seldom enough, and while somebody waits for it.</summary>
    protected abstract void OnProgress(double fraction, string? message);

    /// <summary>How many tokens the agent says it has used; before <see cref="OnReturned"/>.</summary>
    protected virtual void OnUsed(long tokens) => _services.Slots.Settle(Slot!, tokens);

    /// <summary>The agent was called and has returned, however that was; the slot may still be held.</summary>
    protected virtual void OnReturned()
    {
    }

    /// <summary>The slot is free again: said once.</summary>
    protected virtual void OnReleased()
    {
    }

    /// <summary>Somebody wants to know what becomes of it when it has been cancelled.</summary>
    protected virtual bool WantsReceipt => false;

    /// <summary>It was cancelled, and its agent has returned; or has not within the grace period, and may be said to later.</summary>
    protected virtual void OnStopped(AttemptStop stop)
    {
    }

    /// <summary>It is over: said once, after the slot was given back.</summary>
    /// <param name="outcome">Null when it was cancelled, and the agent was not called or stopped because of that.</param>
    /// <param name="wasAbandoned">It was cancelled after it had a slot.</param>
    protected abstract void OnEnded(AttemptOutcome? outcome, bool wasAbandoned);

    void IThreadPoolWorkItem.Execute() => _ = RunAsync();

    void ISlotWaiter.OnGranted(TakenSlot slot) => _services.Platform.Queue(this, preferLocal: false);

    // A node's own table is asked when the attempt has its agent.
    void ISlotWaiter.OnDrained()
    {
    }

    void ISlotWaiter.OnAgentGone() => End(new AttemptOutcome.Error(new RunError(
        ErrorKind.Routing, ErrorCodes.NoAgent,
        $"Agent '{Agent}' is not in the configuration of node '{_services.Node}' any more.", Retryable: false)));

    private async Task RunAsync()
    {
        AttemptOutcome? outcome = null;
        if (Volatile.Read(ref _phase) == Open)
        {
            var use = _services.Agents.Use(Agent);
            var invocation = OnBegin();
            _began = _services.Time.GetTimestamp();
            invocation.Services = this;
            outcome = await AgentCall.RunAsync(
                use?.Agent, _services.Slots.Named(Agent)?.Agent, invocation, _services.MaxOutputBytes, _services.Logger, _cancellation.Token).ConfigureAwait(false);
            use?.Dispose();
            if (outcome is AttemptOutcome.Output output && ArtifactReference.MayBeIn(output.Value))
            {
                outcome = await CheckArtifactsAsync(output).ConfigureAwait(false);
            }
            outcome = await StoreAsync(outcome).ConfigureAwait(false);
            _artifacts?.End();
            if (invocation.Tokens is { } tokens)
            {
                outcome = outcome is null ? null : outcome with { Tokens = tokens };
                OnUsed(tokens);
            }
            OnReturned();
        }
        End(outcome);
    }

    private void End(AttemptOutcome? outcome)
    {
        var was = Interlocked.Exchange(ref _phase, Ended);
        if (was == Ended)
        {
            return;
        }
        Release(ends: true);
        if (was == Abandoned)
        {
            _grace!.Dispose();
            _services.Abandoned.Remove(this);
            if (Volatile.Read(ref _ignoresCancellation))
            {
                LogReturned(_services.Time.GetElapsedTime(_cancelled));
            }
            TellStop(hasStopped: true, acknowledged: outcome is null);
        }
        OnEnded(outcome, was == Abandoned);
        _services.Running.Remove();
    }

    /// <param name="ends">It has ended, and <see cref="OnEnded"/> comes next.</param>
    protected virtual void GiveBack(TakenSlot slot, bool ends) => _services.Slots.Release(slot);

    /// <returns>False when it was abandoned before, or has ended.</returns>
    private bool Abandon()
    {
        if (Volatile.Read(ref _phase) != Open)
        {
            return false;
        }
        var grace = _services.Time.CreateTimer(
            static invocation => ((Invocation)invocation!).OnGrace(), this, Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
        if (Interlocked.CompareExchange(ref _grace, grace, null) is not null)
        {
            grace.Dispose();
            return false;
        }
        (_cancelled, _cancelledAt) = (_services.Time.GetTimestamp(), _services.Time.GetUtcNow());
        // Counted in before it can return, and be counted out.
        _services.Abandoned.Add(this);
        if (Interlocked.CompareExchange(ref _phase, Abandoned, Open) != Open)
        {
            _services.Abandoned.Remove(this);
            grace.Dispose();
            return false;
        }
        grace.Change(_services.CancelGrace / 2, Timeout.InfiniteTimeSpan);
        return true;
    }

    // Half of the grace is for those that take a while to stop: nothing is said of them.
    private void OnGrace()
    {
        if (Volatile.Read(ref _phase) != Abandoned)
        {
            return;
        }
        var elapsed = _services.Time.GetElapsedTime(_cancelled);
        var first = !Interlocked.Exchange(ref _ignoresCancellation, true);
        if (elapsed >= _services.CancelGrace)
        {
            LogGivenUp(elapsed);
            Release(ends: false);
            TellStop(hasStopped: false, acknowledged: false);
            return;
        }
        if (first)
        {
            LogIgnores(elapsed, _cancelledAt + _services.CancelGrace);
        }
        _grace!.Change(_services.CancelGrace - elapsed, Timeout.InfiniteTimeSpan);
    }

    private void TellStop(bool hasStopped, bool acknowledged)
    {
        if (WantsReceipt)
        {
            var seconds = _began == 0 ? 0 : Math.Round(_services.Time.GetElapsedTime(_began).TotalSeconds, 3);
            OnStopped(new AttemptStop(hasStopped, acknowledged, seconds, Slot?.Gpu is null ? null : seconds));
        }
    }

    private void Release(bool ends)
    {
        if (Interlocked.Exchange(ref _released, true))
        {
            return;
        }
        _apart?.Dispose();
        if (Slot is { } slot)
        {
            GiveBack(slot, ends);
        }
        OnReleased();
    }

    private void EndIsolation() => _services.Slots.Clear(Slot!);

    // A callback that an agent has registered on its token can throw; that is the agent's failure and nobody else's.
    private async Task CancelAsync()
    {
        try
        {
            await _cancellation.CancelAsync().ConfigureAwait(false);
        }
        catch (AggregateException e)
        {
            LogCancelFailed(_services.Logger, e, Agent, Key);
        }
    }
}
