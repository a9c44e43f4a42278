using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Driving;

/// <summary>Has the work of attempts done by runs of their own.</summary>
public interface IChildRuns
{
    /// <summary>
    /// Posts the run of an attempt that is durable, or finds it, and tells the driver of the attempt what came of it. Nothing need come
    /// of one that was cancelled or forgotten.
    /// </summary>
    /// <param name="attempt">To be looked at before the call returns.</param>
    /// <param name="input">Captured when the attempt was started.</param>
    IPendingCall Begin(OpenAttempt attempt, AttemptInput input);

    /// <summary>The attempt has ended, and that is durable: its run is cancelled. Harmless when that has ended already.</summary>
    void Cancel(IPendingCall call);

    /// <summary>The run of the attempt is taken up anew from its journal, and will find the child again.</summary>
    void Forget(IPendingCall call);
}
