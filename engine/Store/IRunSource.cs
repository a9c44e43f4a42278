using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;

namespace AgentGrid.Engine.Store;

/// <summary>What a store gives to be read, as it lies there; <see cref="StoreReader"/> makes of it what users see.</summary>
public interface IRunSource
{
    /// <summary>Null when there is no such run (any more).</summary>
    /// <exception cref="DamageException">It is damaged.</exception>
    ValueTask<StoredRun?> FindAsync(RunId run);

    /// <summary>The plan that a run was accepted with; null when it is not there (any more).</summary>
    /// <exception cref="DamageException">It is damaged.</exception>
    ValueTask<Plan?> FindPlanAsync(RunId run, RunHead head);

    /// <summary>
    /// Records of events after a number, in the order of their numbers: those of a run or of a match, where the query
    /// names one, or else all. Never none while there are some.
    /// </summary>
    ValueTask<TurnPage> ReadTurnsAsync(FeedQuery query, long after, TurnLimits limits);

    /// <summary>
    /// Runs in the order of their numbers, newest first. It may leave out those that the query does not ask for, and
    /// need not.
    /// </summary>
    /// <param name="before">The number that all of them come before.</param>
    /// <param name="most">As long as there are so many, there may be more.</param>
    ValueTask<IReadOnlyList<ListedRun>> ReadRunsAsync(RunQuery query, long before, int most);
}

/// <summary>When a page of records is full, whatever is reached first.</summary>
public readonly record struct TurnLimits(int Turns, int Events, int Bytes);

/// <summary>Records in the order of their numbers.</summary>
/// <param name="AtEnd">There were no more when the page was read.</param>
/// <param name="Run">
/// Of a page of one run: the run as it was at the same moment; null where there is no record on it, and of other pages.
/// </param>
public sealed record TurnPage(IReadOnlyList<StoredTurn> Turns, bool AtEnd, StoredRun? Run = null);

/// <summary>A run among others.</summary>
/// <param name="Number">What lists are ordered by.</param>
/// <param name="Run">Null when it is damaged.</param>
/// <param name="Damage">Null when it is sound.</param>
public readonly record struct ListedRun(long Number, StoredRun? Run, DamageException? Damage);
