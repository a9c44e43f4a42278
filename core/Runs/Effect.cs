namespace AgentGrid.Core.Runs;

/// <summary>What an engine has to do because of an event.</summary>
public abstract record Effect
{
    private Effect()
    {
    }

    /// <summary>Get a slot for the attempt; then <see cref="RunInput.GrantSlot"/>.</summary>
    public sealed record AwaitSlot(string Step, int Attempt) : Effect;

    /// <summary>The attempt has its slot: invoke its agent, and report what comes of it.</summary>
    public sealed record Invoke(string Step, int Attempt) : Effect;

    /// <summary>
    /// The attempt is over: stop waiting for its slot, cancel whatever still runs for it. Often nothing is left to do.
    /// </summary>
    public sealed record Abandon(string Step, int Attempt) : Effect;

    /// <summary>
    /// After a crash: find out whether the attempt still runs; if not, <see cref="RunInput.LoseAttempt"/>. One that is the work of a
    /// run of its own is invoked again, and finds that run.
    /// </summary>
    public sealed record Reconcile(string Step, int Attempt) : Effect;

    /// <summary>The run was accepted and waits for <see cref="RunInput.StartRun"/>.</summary>
    public sealed record AwaitTurn : Effect;

    /// <summary>The run has ended.</summary>
    public sealed record Finish : Effect;
}
