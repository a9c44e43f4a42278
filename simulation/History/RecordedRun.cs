using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;

namespace AgentGrid.Simulation.History;

/// <summary>A run of a journal: how it was posted, how long its attempts took, and what came of them.</summary>
public sealed class RecordedRun
{
    private readonly Dictionary<(string Step, int Item, string Agent), Queue<RecordedAttempt>> _attempts = [];
    private readonly Dictionary<(string Step, int Item), RecordedAttempt> _lasts = [];
    private readonly List<(string Step, RecordedAttempt Attempt)> _all = [];

    private RecordedRun(RunState state, IEnumerable<RecordedRun> children)
    {
        (Id, Seed, Plan, Status, AcceptedAt) = (state.Id, state.Seed, state.Plan.Name, state.Status, state.AcceptedAt);
        Submit = new SubmitRun(
            state.Key, state.Input, state.Inline ? null : state.Plan.Name, state.Inline ? state.Plan.ToInline() : null, state.Priority,
            state.Tenant)
        {
            Delay = state.StartsAt - state.AcceptedAt,
            Labels = state.Labels,
            Parent = state.Parent,
        };
        Times = RunTimes.Of(state);
        CancelledAfter = state is { Status: RunStatus.Cancelled, Group: not { Policy: ConcurrencyPolicy.Replace } }
            ? state.EndedAt - state.AcceptedAt
            : null;
        Signals = [.. state.Signals.Select(s => RecordedSignal.Of(state, s))];
        Children = children.ToImmutableArray();
        foreach (var step in state.Steps)
        {
            foreach (var attempt in step.Attempts)
            {
                Add(step, attempt);
            }
        }
    }

    /// <summary>Its id.</summary>
    public RunId Id { get; }

    /// <summary>Where its chance came from.</summary>
    public ulong Seed { get; }

    /// <summary>The name of its plan.</summary>
    public string Plan { get; }

    /// <summary>How it was posted.</summary>
    public SubmitRun Submit { get; }

    /// <summary>How it ended; or that it had not.</summary>
    public RunStatus Status { get; }

    /// <summary>When it was accepted.</summary>
    public DateTimeOffset AcceptedAt { get; }

    /// <summary>How long it took and waited; null where it had not ended.</summary>
    public RunTimes? Times { get; }

    /// <summary>How long after its acceptance somebody cancelled it; null for never.</summary>
    public TimeSpan? CancelledAfter { get; }

    /// <summary>What it was sent.</summary>
    public ImmutableArray<RecordedSignal> Signals { get; }

    /// <summary>The runs of its steps with <c>plan</c>.</summary>
    public ImmutableArray<RecordedRun> Children { get; }

    /// <summary>All attempts of agents, those that were taken too.</summary>
    public IReadOnlyList<(string Step, RecordedAttempt Attempt)> Attempts => _all;

    /// <summary>What a journal has of a run.</summary>
    /// <param name="children">The runs of its steps with <c>plan</c>.</param>
    public static RecordedRun Of(RunState state, IEnumerable<RecordedRun> children) => new(state, children);

    /// <summary>Takes the next attempt that an agent had of a step; null when there is none left.</summary>
    /// <param name="item">The item of a step of mode <c>each</c>; 0 of others.</param>
    public RecordedAttempt? Take(string step, int item, string agent) =>
        _attempts.GetValueOrDefault((step, item, agent))?.TryDequeue(out var attempt) == true ? attempt : null;

    /// <summary>The attempt of any agent that did the work of a step; null when there is none.</summary>
    /// <inheritdoc cref="Take"/>
    public RecordedAttempt? Last(string step, int item) => _lasts.GetValueOrDefault((step, item));

    /// <summary>Which item an attempt is of, where that says what it does.</summary>
    public static int ItemOf(StepState step, AttemptState attempt) => step.Step.Mode == StepMode.Each ? attempt.Branch : 0;

    private void Add(StepState step, AttemptState attempt)
    {
        if (PlanCalls.Is(attempt.Agent) || attempt.StartedAt is not { } started || attempt.EndedAt is not { } ended)
        {
            return; // a run of its own, or of nothing is known how long it takes
        }
        var recorded = new RecordedAttempt(
            attempt.Agent, attempt.Node ?? "", ended > started ? ended - started : TimeSpan.Zero, attempt.Status, attempt.Output, attempt.Error,
            started - attempt.QueuedAt)
        {
            Tokens = attempt.Tokens,
        };
        var key = (step.Id, Item: ItemOf(step, attempt));
        if (!_attempts.TryGetValue((key.Id, key.Item, attempt.Agent), out var ofAgent))
        {
            _attempts.Add((key.Id, key.Item, attempt.Agent), ofAgent = new());
        }
        ofAgent.Enqueue(recorded);
        _all.Add((step.Id, recorded));
        // Whoever succeeded did the work, whoever else was asked.
        if (attempt.Status == AttemptStatus.Succeeded || !_lasts.TryGetValue(key, out var last) || last.Status != AttemptStatus.Succeeded)
        {
            _lasts[key] = recorded;
        }
    }
}

/// <summary>An attempt of a journal.</summary>
/// <param name="Duration">From its start to its end. Of one that was cancelled or ran out of time it would have taken longer.</param>
/// <param name="Wait">How long it had waited for its slot.</param>
public sealed record RecordedAttempt(
    string Agent, string Node, TimeSpan Duration, AttemptStatus Status, Json? Output, RunError? Error, TimeSpan Wait)
{
    /// <summary>How many tokens its agent said it had used; null when it did not.</summary>
    public long? Tokens { get; init; }

    /// <summary>Its agent had returned.</summary>
    public bool IsWhole => Status is AttemptStatus.Succeeded or AttemptStatus.Failed;
}

/// <summary>A signal of a journal, or a decision.</summary>
/// <param name="Step">The step that took it, when it was waiting for it; null for one that came before.</param>
/// <param name="After">How long after the step began to wait; or after the run was accepted.</param>
public sealed record RecordedSignal(RunInput.ReceiveSignal Signal, string? Step, TimeSpan After)
{
    internal static RecordedSignal Of(RunState run, ReceivedSignal signal)
    {
        var step = signal.Step is { } id ? run[id] : null;
        var input = new RunInput.ReceiveSignal(signal.Name, signal.Data, signal.By, signal.Key, step?.Step.Wait?.Approval is not null);
        return step?.StartedAt is { } since && signal.At >= since
            ? new RecordedSignal(input, step.Id, signal.At - since)
            : new RecordedSignal(input, null, signal.At - run.AcceptedAt);
    }
}

/// <summary>How long a run took.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="Makespan">From when it might start to its end.</param>
/// <param name="Wait">From when it might start to its start.</param>
/// <param name="EndedAt">When it ended.</param>
public readonly record struct RunTimes(RunStatus Status, TimeSpan Makespan, TimeSpan Wait, DateTimeOffset EndedAt)
{
    /// <summary>Null of a run that has not ended.</summary>
    public static RunTimes? Of(RunState run) => run.EndedAt is { } ended
        ? new RunTimes(run.Status, ended - run.QueuedAt, (run.LastStartedAt ?? ended) - run.QueuedAt, ended)
        : null;
}
