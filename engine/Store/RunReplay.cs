using AgentGrid.Core;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Artifacts;

namespace AgentGrid.Engine.Store;

/// <summary>Makes a run's state of its records, and finds those that are damaged or missing.</summary>
/// <param name="state">A run of which nothing has happened yet.</param>
/// <param name="values">Where its large values lie; null when nowhere.</param>
/// <param name="kept">Gets the events as well; null where nobody asks for them.</param>
internal sealed class RunReplay(RunState state, DamageText text, StoredValues? values = null, List<RunEvent>? kept = null)
{
    /// <summary>The run by the records so far.</summary>
    public RunState State { get; } = state;

    /// <summary>Adds the next record.</summary>
    /// <exception cref="DamageException">It is damaged, or one before it is missing.</exception>
    public void Add(StoredTurn turn)
    {
        var (events, version) = turn.Open(text);
        if (version is { } said && said != State.Version)
        {
            throw turn.OneMissing(said, State.Version, text);
        }
        foreach (var e in events)
        {
            try
            {
                var found = values is null ? e : RunEvent.Find(e, stored => values.At(RunId.Parse(turn.Run), stored));
                RunMachine.Evolve(State, found);
                kept?.Add(found);
            }
            // Events that are whole, and that cannot follow each other, mean that one between them is missing.
            catch (Exception cause) when (cause is not OutOfMemoryException)
            {
                throw text.OfRun(
                    turn.Run, $"has a record that does not fit the ones before it, event {turn.Last}", turn.Key, cause);
            }
        }
    }
}
