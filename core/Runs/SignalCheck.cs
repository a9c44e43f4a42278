using AgentGrid.Core.Plans;

namespace AgentGrid.Core.Runs;

/// <summary>What becomes of a signal, before and after it has come.</summary>
public static class SignalCheck
{
    /// <summary>How many bytes a signal has at most.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <summary>How many characters the key has at most by which a repetition is known.</summary>
    public const int MaxKeyLength = 200;

    /// <summary>What <see cref="RunMachine.Decide"/> makes of a signal; nothing is changed by asking.</summary>
    public static SignalVerdict Of(RunState state, RunInput.ReceiveSignal signal)
    {
        var steps = state.Steps.Where(s => s.Step.Wait is { } wait && wait.Signal == signal.Name
            && (wait.Approval is not null || !signal.IsDecision)).ToArray();
        if (steps.Length == 0)
        {
            return new(SignalOutcome.Unknown, WhyUnknown(state, signal));
        }
        if (signal.Key is { } key && state.Signals.Find(s => s.Name == signal.Name && s.Key == key) is { } before)
        {
            return before.Data.Equals(signal.Data)
                ? new(SignalOutcome.Repeated, $"the signal '{signal.Name}' with the key '{Names.Shorten(key)}' was received already")
                : new(SignalOutcome.KeyTaken,
                    $"The key '{Names.Shorten(key)}' was used for another '{signal.Name}' of run '{state.Key}', at {before.At:O}. " +
                    "Give each new signal a key of its own.");
        }
        if (state.Status.IsEnded())
        {
            return new(SignalOutcome.Ended,
                $"Run '{state.Key}' is {Word(state.Status)}, so it takes no '{signal.Name}' any more.");
        }
        return Data(state, signal, steps[0].Step.Wait!)
            ?? Sender(state, signal, steps)
            ?? Room(state, signal, steps)
            ?? new(SignalOutcome.Heeded, "");
    }

    private static string WhyUnknown(RunState state, RunInput.ReceiveSignal signal)
    {
        string[] known =
        [
            .. state.Plan.Steps.Select(static s => s.Wait).OfType<StepWait>()
                .Where(w => w.Approval is not null || !signal.IsDecision)
                .Select(static w => w.Signal).Distinct(StringComparer.Ordinal),
        ];
        var what = signal.IsDecision
            ? $"Run '{state.Key}' has no step '{Names.Shorten(signal.Name)}' that waits for approval"
            : $"No step of run '{state.Key}' waits for '{Names.Shorten(signal.Name)}'";
        return what + (known.Length == 0 ? "; its plan has no step that waits."
            : Names.Nearest(signal.Name, known) is { } near ? $", did you mean '{near}'?"
            : $"; there are {string.Join(", ", known)}.");
    }

    private static SignalVerdict? Data(RunState state, RunInput.ReceiveSignal signal, StepWait wait)
    {
        string? problem = signal.Key?.Length is 0 or > MaxKeyLength ? $"its key must have 1 to {MaxKeyLength} characters"
            : signal.Data.Length > MaxBytes ? $"it has {signal.Data.Length} bytes; at most {MaxBytes} are allowed"
            : signal.Data.Problem() ?? (UnicodeText.IsText(signal.Data.Element) ? null : "it contains half of a surrogate pair");
        if (problem is null && wait.Approval is { } approval && ApprovalDecision.Problems(signal.Data, approval) is { Count: > 0 } many)
        {
            problem = string.Join("; ", many);
        }
        return problem is null ? null
            : new(SignalOutcome.BadData, $"'{signal.Name}' of run '{state.Key}' does not take this: {problem}.");
    }

    private static SignalVerdict? Sender(RunState state, RunInput.ReceiveSignal signal, StepState[] steps)
    {
        // Where several steps wait for it nobody can tell which will take it.
        var strictest = steps.Select(static s => s.Step.Wait!.By)
            .FirstOrDefault(by => !by.IsEmpty && (signal.By is not { } sender || !by.Contains(sender)));
        return strictest.IsDefaultOrEmpty ? null
            : new(SignalOutcome.NotAllowed,
                $"'{signal.Name}' of run '{state.Key}' may only be sent by {string.Join(", ", strictest)}, not by {(signal.By is { } who ? $"'{who}'" : "a caller without an API key")}.");
    }

    // As many are kept as there are steps to take them.
    private static SignalVerdict? Room(RunState state, RunInput.ReceiveSignal signal, StepState[] steps)
    {
        var kept = state.Signals.Count(s => s.Step is null && s.Name == signal.Name);
        var open = steps.Where(static s => !s.Status.IsEnded() && s.Received is null).ToArray();
        if (open.Length <= kept)
        {
            var last = state.Signals.LastOrDefault(s => s.Name == signal.Name);
            return new(SignalOutcome.TooMany, last is null
                ? $"No step of run '{state.Key}' waits for '{signal.Name}' any more: it is {Word(steps[^1].Status)}."
                : $"Run '{state.Key}' has '{signal.Name}' already, since {last.At:O}" +
                    $"{(last.By is { } by ? $" from '{by}'" : "")}, and no further step waits for it.");
        }
        // What is to be decided is not there before.
        return steps[0].Step.Wait!.Approval is not null && open[0].WaitsUntil is null
            ? new(SignalOutcome.TooEarly,
                $"Step '{signal.Name}' of run '{state.Key}' is {Word(open[0].Status)}: it can be decided on once it waits.")
            : null;
    }

    private static string Word<T>(T status)
        where T : struct, Enum => status.ToString().ToLowerInvariant();
}

/// <summary>What becomes of a signal.</summary>
/// <param name="Message">Why, for people; empty when it is heeded.</param>
public readonly record struct SignalVerdict(SignalOutcome Outcome, string Message);

/// <summary>The kinds of <see cref="SignalVerdict"/>.</summary>
public enum SignalOutcome
{
    /// <summary>A step takes it, or it is kept for one.</summary>
    Heeded,

    /// <summary>It is there already.</summary>
    Repeated,

    /// <summary>The plan has no step that waits for it.</summary>
    Unknown,

    /// <summary>The run has ended.</summary>
    Ended,

    /// <summary>The data are not what the step asks for.</summary>
    BadData,

    /// <summary>Others may send it.</summary>
    NotAllowed,

    /// <summary>All steps that wait for it have it.</summary>
    TooMany,

    /// <summary>Nobody can decide yet.</summary>
    TooEarly,

    /// <summary>Another was sent with the same key.</summary>
    KeyTaken,
}
