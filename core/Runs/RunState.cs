using System.Collections.Immutable;
using System.Text.Json;
using AgentGrid.Core.Plans;

namespace AgentGrid.Core.Runs;

/// <summary>
/// What a run's events add up to. Changed by <see cref="RunMachine.Evolve"/> alone, and owned by one engine turn at
/// a time: mutable, because a plan of 10,000 steps would otherwise be copied with every event.
/// </summary>
public sealed class RunState
{
    private readonly PriorityQueue<RunTimer, long> _timers = new();

    /// <summary>A run of which nothing has happened yet: its first event must be that it was accepted.</summary>
    public RunState(Plan plan)
    {
        Plan = plan;
        Steps = new StepState[plan.Steps.Length];
        for (var i = 0; i < Steps.Length; i++)
        {
            Steps[i] = new StepState(i, plan.Steps[i]) { UnmetNeeds = plan.Needs[i].Length };
        }
        OpenSteps = Steps.Length;
    }

    public Plan Plan { get; }

    /// <summary>Whether the plan came with the request; its name is of the caller's choice then.</summary>
    public bool Inline { get; internal set; }

    /// <summary>The request named no plan: this was the default one. Null where an older version did not say.</summary>
    public bool? ByDefault { get; internal set; }
    public RunId Id { get; internal set; }
    public RunKey Key { get; internal set; }
    public Json Input { get; internal set; } = Json.EmptyObject;
    public ulong Seed { get; internal set; }
    public int Priority { get; internal set; }
    public string? Tenant { get; internal set; }
    public string? TraceParent { get; internal set; }

    /// <summary>The attempt whose work it is; null for a run that was posted.</summary>
    public ParentRun? Parent { get; internal set; }

    /// <summary>Whom or what it is for; null for none.</summary>
    public Labels? Labels { get; internal set; }

    /// <summary>Those that it is counted with; null for none.</summary>
    public RunGroup? Group { get; internal set; }

    /// <summary>When it began to wait for its turn: was accepted, due or retried, whatever came last.</summary>
    public DateTimeOffset QueuedAt { get; internal set; }
    public RunStatus Status { get; internal set; } = RunStatus.Queued;
    public DateTimeOffset AcceptedAt { get; internal set; }

    /// <summary>When it may start, or might; null for at once.</summary>
    public DateTimeOffset? StartsAt { get; internal set; }
    public DateTimeOffset? StartedAt { get; internal set; }

    /// <summary>When it was started after it had last been retried, or else first; null until then.</summary>
    public DateTimeOffset? LastStartedAt { get; internal set; }
    public DateTimeOffset? EndedAt { get; internal set; }

    /// <summary>When it last went on after a time in which nobody was there to drive it; null when it never did.</summary>
    public DateTimeOffset? ResumedAt { get; internal set; }

    /// <summary>Since when nobody had been there; null with <see cref="ResumedAt"/>.</summary>
    internal DateTimeOffset? DownSince { get; set; }
    public DateTimeOffset Deadline { get; internal set; } = DateTimeOffset.MaxValue;
    public Json? Result { get; internal set; }
    public RunError? Error { get; internal set; }
    public string? CancelReason { get; internal set; }

    /// <summary>The same was posted again.</summary>
    public bool WasPostedAgain { get; internal set; }

    /// <summary>The run that had its key before; null for none.</summary>
    public RunId? Supersedes { get; internal set; }

    /// <summary>Which run of its key it is, from 1.</summary>
    public int Generation { get; internal set; } = 1;

    /// <summary>The run that has its key now, or was to have it; null while it has that itself.</summary>
    public RunId? SupersededBy { get; internal set; }

    /// <summary>How many events have been applied.</summary>
    public long Version { get; internal set; }

    /// <summary>In the order of the plan.</summary>
    public StepState[] Steps { get; }

    /// <summary>Who has had an attempt, also before the run was retried.</summary>
    public AgentSet Agents { get; internal set; } = AgentSet.None;

    /// <summary>How many attempts wait for a slot.</summary>
    public int WaitingAttempts { get; internal set; }

    /// <summary>How many branches wait to try again.</summary>
    public int RetryingBranches { get; internal set; }

    /// <summary>How many attempts wait for a slot or run.</summary>
    public int OpenAttempts { get; internal set; }

    /// <summary>How many of these are the work of runs of their own.</summary>
    public int OpenChildren { get; internal set; }

    /// <summary>How many steps wait for a signal.</summary>
    public int Waits { get; internal set; }

    /// <summary>How many of these wait for the decision of a person.</summary>
    public int WaitingApprovals { get; internal set; }

    /// <summary>Nothing happens in it until a signal comes, until a wait is over, or until a run ends that it has called.</summary>
    public bool OnlyWaits => Waits + OpenChildren > 0 && OpenAttempts == OpenChildren && RetryingBranches == 0
        && Status == RunStatus.Running;

    /// <summary>Since when it does nothing but wait, which is no part of its timeout; null while it does more.</summary>
    public DateTimeOffset? PausedAt { get; internal set; }

    /// <summary>All signals that came, in their order.</summary>
    public List<ReceivedSignal> Signals { get; } = [];

    /// <summary>Who is told what becomes of it: those of its plan, and those that were posted with it.</summary>
    public ImmutableArray<Webhook> Webhooks { get; internal set; } = [];

    /// <summary>All that they were to be told so far, by number.</summary>
    public List<WebhookDelivery> Deliveries { get; } = [];

    /// <summary>How many of these are neither delivered nor given up.</summary>
    public int OpenDeliveries { get; internal set; }

    /// <summary>How many steps have not ended.</summary>
    internal int OpenSteps { get; set; }

    public StepState this[string step] => Steps[Plan.IndexOf(step)];

    /// <summary>When <see cref="RunInput.FireTimers"/> is wanted next; null when nothing waits for time.</summary>
    public DateTimeOffset? NextDue
    {
        get
        {
            while (_timers.TryPeek(out var timer, out _))
            {
                if (IsLive(timer))
                {
                    return timer.Due;
                }
                _timers.Dequeue();
            }
            return null;
        }
    }

    /// <summary>What paths of the plan begin with: what was posted, or the output of a step; null where there is none.</summary>
    public Json? Root(string name) => name == ValuePath.InputRoot
        ? Input
        : Plan.TryIndexOf(name, out var index) ? Steps[index].Output : null;

    /// <summary>What the run is told of its parent that does the work of an attempt; null where an agent does, and before it starts.</summary>
    public ParentRun? ChildOf(StepState step, AttemptState attempt) =>
        step.Step.Plan is not null && attempt.StartedAt is { } start
            ? new ParentRun(Id, step.Id, attempt.Number, (Parent?.Depth ?? 0) + 1, start)
            : null;

    internal void AddTimer(RunTimer timer) => _timers.Enqueue(timer, timer.Due.UtcTicks);

    /// <summary>Takes the next timer that is due.</summary>
    internal bool TryTakeDue(DateTimeOffset now, out RunTimer timer)
    {
        if (NextDue is { } due && due <= now)
        {
            timer = _timers.Dequeue();
            return true;
        }
        timer = default;
        return false;
    }

    // A timer is never taken back when its cause goes away; it is recognised as stale instead.
    private bool IsLive(RunTimer timer)
    {
        if (Status == RunStatus.Scheduled)
        {
            return timer.Step < 0 && timer.Due == StartsAt;
        }
        if (Status != RunStatus.Running)
        {
            return false;
        }
        if (timer.Step < 0)
        {
            return timer.Due == Deadline && PausedAt is null;
        }
        var step = Steps[timer.Step];
        if (step.Status != StepStatus.Running)
        {
            return false;
        }
        return timer.Attempt == RunTimer.Hedge ? timer.Branch < step.Branches.Count && step.Branches[timer.Branch].HedgeAt == timer.Due
            : timer.Attempt == RunTimer.Reminder ? step.RemindsAt == timer.Due
            : timer.Attempt == RunTimer.Wait ? step.WaitsUntil == timer.Due
            : timer.Attempt > 0
            ? step.Attempts[timer.Attempt - 1] is { Status: AttemptStatus.Running } attempt && attempt.Deadline == timer.Due
            : timer.Branch < step.Branches.Count && step.Branches[timer.Branch].Due == timer.Due;
    }
}

/// <summary>
/// Something that becomes due: the run's start or its end (no step), an attempt's end, a branch's (next) start, a backup of an item, the
/// end of a wait, or a reminder of one.
/// </summary>
internal readonly record struct RunTimer(DateTimeOffset Due, int Step, int Branch, int Attempt)
{
    public const int Wait = -1;
    public const int Hedge = -2;
    public const int Reminder = -3;

    public static RunTimer ForRun(DateTimeOffset due) => new(due, -1, 0, 0);

    public static RunTimer ForAttempt(DateTimeOffset due, int step, int attempt) => new(due, step, 0, attempt);

    public static RunTimer ForWait(DateTimeOffset due, int step) => new(due, step, 0, Wait);

    public static RunTimer ForHedge(DateTimeOffset due, int step, int branch) => new(due, step, branch, Hedge);

    public static RunTimer ForReminder(DateTimeOffset due, int step) => new(due, step, 0, Reminder);

    public static RunTimer ForBranch(DateTimeOffset due, int step, int branch) => new(due, step, branch, 0);
}
