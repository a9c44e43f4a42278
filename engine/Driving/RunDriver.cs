using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Admission;
using AgentGrid.Engine.Durations;
using AgentGrid.Engine.Telemetry;

namespace AgentGrid.Engine.Driving;

/// <summary>
/// Drives one run: the mailbox of whatever happens to it, and what does to the world as the run machine says. Messages
/// are handled turn by turn, one turn at a time, on whatever thread the platform gives: a turn takes all that has come,
/// decides, has its events kept in the journal, and has effects when they are durable; or before, where the journal
/// runs ahead.
/// </summary>
public sealed partial class RunDriver : IThreadPoolWorkItem, IRoutingView, IQueuedRun
{
    /// <summary>With fewer attempts the slowest of them would be what is taken for the one in a hundred.</summary>
    internal const int LeastForP99 = 100;

    private readonly DriverServices _services;
    private readonly IRunJournal _journal;
    private readonly ISlotSource _slots;
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource<AdmitOutcome> _admitted =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private List<Message> _inbox = [];
    private List<Message> _reading = [];
    private RunState _state;
    private volatile RunSummary _summary;
    private volatile bool _isOver;
    private volatile bool _isStopping;
    private bool _scheduled;

    // A slot was given back, and whoever waits for it waits for the turn too.
    private bool _owes;
    private bool _serves;

    // It is counted in its group, and not accepted yet.
    private bool _isReserved;

    /// <param name="services">What all drivers share.</param>
    /// <param name="journal">The run's own.</param>
    /// <param name="slots">Where its attempts get their slots.</param>
    /// <param name="state">The run as it is durable, or will be when it has been accepted.</param>
    public RunDriver(DriverServices services, IRunJournal journal, ISlotSource slots, RunState state)
    {
        _services = services;
        _journal = journal;
        _slots = slots;
        _state = state;
        _endIsKept = state.Status.IsEnded();
        _handedDeliveries = state.Deliveries.Count;
        (Id, Key, IsSuperseded) = (state.Id, state.Key, state.SupersededBy is not null);
        _summary = RunDetailsBuilder.Summarize(state);
    }

    /// <summary>The run's id.</summary>
    public RunId Id { get; }

    /// <summary>What it was posted under.</summary>
    public RunKey Key { get; }

    /// <summary>The run's line as users may see it: an end shows only when it is durable.</summary>
    /// <remarks>
    /// Where the journal runs ahead, who has had an attempt is taken from the state, whatever turn it is in: it changes
    /// often, is asked for seldom, and a set never changes.
    /// </remarks>
    public RunSummary Summary
    {
        get
        {
            var (summary, agents) = (_summary, _state.Agents);
            return !_journal.RunsAhead || ReferenceEquals(summary.Agents, agents) ? summary : summary with { Agents = agents };
        }
    }

    /// <summary>The attempt whose work the run is; null for one that was posted.</summary>
    public ParentRun? Parent => _state.Parent;

    /// <summary>It had given up its key before it was driven here, and so has ended.</summary>
    public bool IsSuperseded { get; }

    /// <summary>Completes when it is known what became of <see cref="Admit"/>; at once where that is not needed.</summary>
    public Task<AdmitOutcome> Admitted => _services.Platform.Wait(_admitted.Task);

    /// <summary>What users may see of the run is what this driver says.</summary>
    public bool IsAdmitted => _admitted.Task.IsCompleted;

    /// <summary>Completes when the run's end is durable, or when it is driven no longer.</summary>
    public Task Over => _services.Platform.Wait(_over.Task);

    /// <summary>Nothing need be tried any more: the run is over, or is to be driven by somebody else.</summary>
    public bool IsStopping => _isOver || _isStopping;

    /// <inheritdoc/>
    public int Priority => _state.Priority;

    /// <inheritdoc/>
    public string? Tenant => _state.Tenant;

    /// <inheritdoc/>
    public GroupPlace? Group => GroupPlace.Of(_state);

    /// <summary>It waits for its turn, or would.</summary>
    public bool IsQueued => !IsStopping && _state.Status == RunStatus.Queued;

    void IQueuedRun.Start() => Post(RunInput.StartRun.Instance);

    void IQueuedRun.YieldTo(GroupPlace other) => Post(new RunInput.CancelRun(other.Reason));

    /// <summary>Tells the run something.</summary>
    /// <returns>False when it is over, so that nobody hears it.</returns>
    public bool Post(RunInput input) => Post(new Message(input));

    /// <summary>
    /// Tells the run that an attempt has ended whose slot is free and granted to nobody yet: it is when the run has asked for what
    /// follows.
    /// </summary>
    /// <returns>False when nobody hears it: then whoever waits for the slot must be served.</returns>
    public bool PostAndServe(RunInput input)
    {
        if (_journal.RunsAhead)
        {
            return Post(new Message(input), owes: true);
        }
        _ = Post(input);
        return false; // its turns wait for the disk, and nobody else need
    }

    /// <summary>Tells the run something, and waits until what it led to is durable.</summary>
    /// <returns>Why it was ignored; null when it was heeded.</returns>
    public Task<string?> AskAsync(RunInput input)
    {
        var reply = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!Post(new Message(input, reply)))
        {
            reply.SetResult(WhyOver);
        }
        return _services.Platform.Wait(reply.Task);
    }

    /// <inheritdoc cref="Submission.Differences"/>
    /// <remarks>Can be asked at any time: what was posted never changes.</remarks>
    public ImmutableArray<string> DifferencesTo(SubmitRun submit, PlanAsked asked) =>
        Submission.Differences(_state, submit, asked);

    /// <summary>Looks at the state between two turns.</summary>
    public Task<T> LookAsync<T>(Func<RunState, T> look)
    {
        var reply = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(new Message(null, Look: state =>
        {
            try
            {
                reply.SetResult(look(state));
            }
            catch (Exception e)
            {
                reply.SetException(e);
            }
        }));
        return _services.Platform.Wait(reply.Task);
    }

    /// <summary>
    /// Has the turn kept that makes the run active, its acceptance or its retry; from then on it waits for its turn. When
    /// that is refused, it is driven no longer.
    /// </summary>
    /// <param name="events">They are in the state already.</param>
    public void Admit(RunEvent[] events)
    {
        if (events[0] is not RunEvent.RunAccepted { Group.Policy: ConcurrencyPolicy.Reject, StartsAt: null })
        {
            _journal.Admit(this, _state, events, OnAdmitted);
            return;
        }
        _services.Queue.Reserve(this, outcome =>
        {
            if (outcome is not null)
            {
                OnAdmitted(outcome);
                return;
            }
            _isReserved = true;
            _journal.Admit(this, _state, events, OnAdmitted);
        });
    }

    /// <summary>Does what a replayed state asks for.</summary>
    /// <param name="outage">The last time in which no process was there to drive runs; null for none that is known.</param>
    public void Resume(Outage? outage = null)
    {
        _admitted.SetResult(AdmitOutcome.Kept.Instance);
        if (outage is { } down)
        {
            Post(new RunInput.ResumeRun(down.Since, down.Until));
        }
        Reenter();
        Post(new Message(null, Look: _ => Reload()));
    }

    /// <summary>Tells a run that has ended something: it is driven until it has heard that.</summary>
    /// <inheritdoc cref="AskAsync" path="/returns"/>
    public Task<string?> HearAsync(RunInput input)
    {
        _admitted.SetResult(AdmitOutcome.Kept.Instance);
        return AskAsync(input);
    }

    /// <summary>Another drives the run: it is as if this one had never been.</summary>
    public void Discard() => BeOver();

    /// <summary>
    /// The process is about to end in order: what its agents still do is lost, and that is nobody's fault.
    /// </summary>
    public void LoseWhatRuns() => Post(new Message(null, Look: state =>
    {
        foreach (var (step, attempt) in state.Steps.SelectMany(static s => s.Attempts.Select(a => (s, a))))
        {
            if (attempt.Status == AttemptStatus.Running)
            {
                Post(new RunInput.LoseAttempt(step.Id, attempt.Number, "the process was stopped", WasStopped: true));
            }
        }
    }));

    /// <summary>
    /// Stops to drive the run after the turn that is under way; somebody else will. What it holds and has asked for is
    /// left to them.
    /// </summary>
    public Task StopAsync()
    {
        _isStopping = true;
        Post(new Message(null, Look: _ => _isLeaving = true));
        return _over.Task;
    }

    /// <summary>Stops at once, as if the process had been killed.</summary>
    public void Abandon()
    {
        _isStopping = true;
        _isOver = true;
    }

    /// <summary>An agent that was told to stop has, or has not in time: also after the run has ended, and is driven no longer.</summary>
    public void ReportStop(RunInput.ReportStop stop) => Stops?.Invoke(Id, stop);

    /// <summary>What the driver waited for is there.</summary>
    public void Continue() => _services.Platform.Queue(this, preferLocal: true);

    IReadOnlyList<AgentLoad> IRoutingView.Offering(ImmutableArray<string> capabilities) => _slots.Offering(capabilities);

    AgentLoad? IRoutingView.Named(string agent) => _slots.Named(agent);

    string? IRoutingView.TryReserve(string agent, string step, int attempt)
    {
        var slot = _slots.TryTake(agent, HedgeDelays.StepOf(_state, _state[step], attempt: null));
        if (slot is not null)
        {
            _turnSlots.Add((step, attempt, slot));
        }
        return slot?.Node;
    }

    Urgency? IRoutingView.UrgencyOf(int step) => UrgencyOf(step);

    HedgeDelay IRoutingView.HedgeAfter(Hedge hedge, string step, string agent, string node) =>
        HedgeDelays.Of(hedge, _services.Latencies, _state, _state[step], agent, node);

    // An attempt that ran out of time counts with the time that it had: that is not to look as if it had been enough.
    TimeSpan? IRoutingView.P99Of(string step, string agent) =>
        _services.Latencies.Of(_state, _state[step], agent, percent: 99, LeastForP99).Time * DurationQuantiles.Precision;

    /// <summary>Whoever is told when it is over, before anybody else; null for nobody.</summary>
    internal Action<RunDriver>? Left { get; set; }

    /// <summary>Has what became of an agent kept that was told to stop, whether or not the run has ended; null for nobody.</summary>
    internal Action<RunId, RunInput.ReportStop>? Stops { get; set; }

    /// <summary>Tells a webhook something that is durable; null for nobody. The same may come again.</summary>
    internal Action<RunId, WebhookDelivery>? Delivers { get; set; }

    internal bool Post(RunInput input, OpenAttempt from) => Post(new Message(input, From: from));

    private string WhyOver => $"the run is {_summary.Status}";

    private bool Post(in Message message, bool owes = false)
    {
        lock (_gate)
        {
            if (_isOver && message.Input is not null)
            {
                return false;
            }
            _owes |= owes;
            _inbox.Add(message);
            if (_scheduled)
            {
                return true;
            }
            _scheduled = true;
        }
        _services.Platform.Queue(this, preferLocal: false);
        return true;
    }

    private void OnAdmitted(AdmitOutcome outcome)
    {
        if (outcome is AdmitOutcome.Kept && _state.Status == RunStatus.Scheduled)
        {
            Post(new Message(null)); // a turn in which nothing happens, but that its timer is set
        }
        else if (outcome is AdmitOutcome.Kept)
        {
            _services.Queue.Enter(this);
        }
        else
        {
            // What may have been kept all the same is driven by others then, and counts on.
            if (_isReserved && outcome is not AdmitOutcome.Failed)
            {
                _services.Queue.Leave(this);
            }
            BeOver();
        }
        if (outcome is AdmitOutcome.Failed failed)
        {
            _admitted.SetException(failed.Cause);
            return;
        }
        _admitted.SetResult(outcome);
    }

    // The end of the run is durable: users may see it.
    private void End(RunSummary summary)
    {
        _summary = summary;
        LogOutcome(summary);
        _services.Queue.Leave(this);
        BeOver();
    }

    // Nothing is left to drive here: the run has ended, or is not there any more, or others drive it.
    private void Leave()
    {
        if (_isOver)
        {
            return;
        }
        _pause?.Dispose();
        _held?.ForEach(m => m.Reply?.SetResult(WhyOver));
        _held = null;
        DropTurn();
        ForgetAll();
        _trace?.End(_state);
        _trace = null;
        BeOver();
    }

    private void BeOver()
    {
        lock (_gate)
        {
            if (_isOver)
            {
                return;
            }
            _isOver = true;
        }
        _journal.Close(this);
        Left?.Invoke(this);
        _over.TrySetResult();
    }
}
