using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Journal;
using AgentGrid.Engine.Store;

namespace AgentGrid.Embedded.Store;

public sealed partial class SqliteRunStore
{
    /// <inheritdoc/>
    public Task<StoredRun?> FindAsync(RunId run) =>
        Task.FromResult(_unended.Find(run)?.Kept ?? Latest(_reader.Find(run)));

    /// <inheritdoc/>
    public Task<StoredRun?> FindAsync(RunKey key) => Task.FromResult(Latest(_reader.Find(key)));

    /// <inheritdoc/>
    public Task<RunState?> ReplayAsync(RunId run) => _store.ReplayAsync(run);

    /// <inheritdoc/>
    public Task<RunJournal?> ReadJournalAsync(RunId run) => _store.ReadJournalAsync(run);

    /// <inheritdoc/>
    public Task<IReadOnlyList<StoredRun>> ActiveAsync(string? matchId = null) => Task.FromResult(_unended.All(matchId));

    /// <inheritdoc/>
    public Task<IReadOnlyList<StoredRun>> OwingAsync(string? matchId = null)
    {
        var owing = new List<StoredRun>();
        foreach (var (_, run, damage) in _reader.ReadOwing())
        {
            if (damage is not null)
            {
                Report(damage);
            }
            else if (matchId is null || run!.Key.MatchId == matchId)
            {
                owing.Add(run!);
            }
        }
        return Task.FromResult<IReadOnlyList<StoredRun>>(owing);
    }

    /// <inheritdoc/>
    public Task<RunPage> ListAsync(RunQuery query) => _store.ListAsync(query);

    /// <inheritdoc/>
    public Task<FeedPage> ReadEventsAsync(FeedQuery query, long after, int limit) =>
        _store.ReadEventsAsync(query, after, limit).AsTask();

    /// <inheritdoc/>
    public Task<long> LastSeqAsync() => Task.FromResult(Volatile.Read(ref _lastSeq));

    /// <inheritdoc/>
    public Task<RunCounts> CountAsync() => Task.FromResult(_unended.Count());

    /// <inheritdoc/>
    public void Report(DamageException damage) => _damage.Report(damage);

    /// <summary>The store is open already.</summary>
    public Task OpenAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task<T> ReadAsync<T>(Func<Task<T>> read, CancellationToken cancellationToken) =>
        read().WaitAsync(cancellationToken);

    /// <summary>That the disk takes no writes.</summary>
    public ValueTask<StoreProblem?> FindProblemAsync(CancellationToken cancellationToken) => ValueTask.FromResult(
        _writer.Failure is { } failure ? new StoreProblem(failure, KeepsNothing: true) : null);

    // Of one that has not ended the file alone does not say where it stands.
    private StoredRun? Latest(RunRow? row) =>
        row is { IsActive: true } ? _unended.Find(row.Ref.Id)?.Kept ?? row.Stored : row?.Stored;

    private KnownRun? Ended(RunId run) => _reader.Find(run) is { } row ? new KnownRun(row.Ref, row.Stored) : null;
}
