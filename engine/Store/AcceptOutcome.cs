using AgentGrid.Core;

namespace AgentGrid.Engine.Store;

/// <summary>What became of a run that was offered.</summary>
public abstract record AcceptOutcome
{
    private AcceptOutcome()
    {
    }

    /// <summary>The run is kept.</summary>
    /// <param name="LastSeq">The number of its acceptance.</param>
    public sealed record Kept(long LastSeq) : AcceptOutcome;

    /// <summary>
    /// The key is taken by another run than the one that is superseded, and nothing was changed. Where an acceptance is repeated because its answer was lost, this
    /// names the very run that was offered: it had been kept.
    /// </summary>
    public sealed record KeyTaken(RunId RunId) : AcceptOutcome;

    /// <summary>There is no place, and nothing was changed.</summary>
    /// <param name="Reason">A sentence.</param>
    /// <param name="RetryAfter">When it makes sense to ask again: 1 to 60 seconds.</param>
    public sealed record Full(string Reason, TimeSpan RetryAfter) : AcceptOutcome;
}
