using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Driving;

/// <summary>The journal of one run, as its driver needs it.</summary>
public interface IRunJournal
{
    /// <summary>
    /// What follows from a turn may happen before it is durable, and the next may be decided: turns become durable in
    /// their order, nobody else writes any, and whatever a crash undoes it undoes with all that followed.
    /// </summary>
    bool RunsAhead { get; }

    /// <summary>
    /// Keeps the turn that makes the run active, its acceptance or its retry, if there is a place for it: wholly or not at
    /// all.
    /// </summary>
    /// <param name="driver">Who is to drive it then.</param>
    /// <param name="state">The run with these events in it, to be looked at before the call returns.</param>
    /// <param name="events">At least one; of a new run, that it is accepted.</param>
    /// <param name="completed">
    /// Told once what became of it, on any thread, before or after the call returns. Never told when the process ends first.
    /// </param>
    void Admit(RunDriver driver, RunState state, RunEvent[] events, Action<AdmitOutcome> completed);

    /// <summary>Keeps the events of a turn, wholly or not at all, unless somebody else has written meanwhile.</summary>
    /// <param name="driver">Whose turn it is: there is no need to try on when it has been stopped.</param>
    /// <param name="state">The run with these events in it, to be looked at before the call returns.</param>
    /// <param name="events">At least one.</param>
    /// <param name="completed">
    /// Told once what became of them, on any thread, before or after the call returns; null when nobody asks. Never
    /// told when the process ends first.
    /// </param>
    void Append(RunDriver driver, RunState state, RunEvent[] events, Action<TurnOutcome>? completed);

    /// <summary>The run by what is kept, with all that was appended before; null when it is not there any more.</summary>
    ValueTask<RunState?> ReplayAsync(RunDriver driver);

    /// <summary>The run is driven no longer: nothing more is appended.</summary>
    void Close(RunDriver driver);
}

/// <summary>What became of a turn.</summary>
public enum TurnOutcome
{
    /// <summary>It is durable.</summary>
    Kept,

    /// <summary>Somebody else has written, or its own answer was lost: what counts is what is kept.</summary>
    Conflict,

    /// <summary>The run is not there any more.</summary>
    Gone,

    /// <summary>It could not be kept, and the journal has said why in the log.</summary>
    Failed,
}
