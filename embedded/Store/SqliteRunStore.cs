using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Journal;
using AgentGrid.Engine.Artifacts;
using AgentGrid.Engine.Store;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Embedded.Store;

/// <summary>
/// The runs of one process, in the journal of the embedded engine: a SQLite file that the process has to itself. Either
/// goes on with what the other has written.
/// </summary>
/// <remarks>
/// What has not ended is known in memory; everything else is read from the file, and is answered at once. While the disk
/// takes no writes they end with <see cref="StoreUnavailableException"/>. Plans that no run needs any more go when the file
/// is opened next.
/// </remarks>
public sealed partial class SqliteRunStore : IRunStore, IStoreAccess, IDisposable
{
    private readonly SqliteStoreOptions _options;
    private readonly TimeProvider _time;
    private readonly DamageLog _damage;
    private readonly JournalFile _file;
    private readonly JournalReader _reader;
    private readonly JournalWriter _writer;
    private readonly StoreReader _store;
    private readonly UnendedRuns _unended;
    private readonly LifeSigns _life;
    private long _lastSeq;
    private bool _isClosed;

    private SqliteRunStore(
        SqliteStoreOptions options, JournalFile file, TimeProvider time, ILogger<SqliteRunStore> logger,
        EmbeddedPlatform platform)
    {
        _options = options;
        _time = time;
        _file = file;
        _damage = new DamageLog(logger);
        _reader = new JournalReader(file);
        _unended = new UnendedRuns(time);
        _store = new StoreReader(
            _reader, file.Damage, _damage, time, kept => _unended.Find(kept.RunId)?.Kept.Summary ?? kept);
        _life = new LifeSigns(platform.OpenLifeSign(file));
        _writer = new JournalWriter(file, feed: null, logger, platform);
        _lastSeq = _reader.LastSeq();
        Resume();
        _writer.Start();
    }

    /// <summary>
    /// Is told every record that has become durable, in the order of the numbers; on the one thread that writes, which
    /// waits for it. The record's bytes hold no longer than that.
    /// </summary>
    public event Action<StoredTurn>? Kept;

    /// <summary>Where large values of its runs lie; null when nowhere.</summary>
    public StoredValues? Values
    {
        get => _store.Values;
        set => _store.Values = value;
    }

    /// <summary>The file.</summary>
    public string Path => _file.Path;

    internal JournalWriter Writer => _writer;

    /// <summary>Takes the file for this process, makes it where there is none, and looks at every run that has not ended.</summary>
    /// <exception cref="JournalException">
    /// Another process has it, it cannot be written, or it is not a journal of this version.
    /// </exception>
    /// <exception cref="DamageException">It is damaged.</exception>
    public static SqliteRunStore Open(SqliteStoreOptions options, TimeProvider time, ILogger<SqliteRunStore> logger) =>
        Open(options, time, logger, EmbeddedPlatform.Process);

    internal static SqliteRunStore Open(
        SqliteStoreOptions options, TimeProvider time, ILogger<SqliteRunStore> logger, EmbeddedPlatform platform)
    {
        var file = JournalFile.Open(options.Data, options.Synchronous, platform.FileSystem);
        try
        {
            return new SqliteRunStore(options, file, time, logger, platform);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc cref="JournalRecovery.Recover"/>
    public static RecoveryReport Recover(SqliteStoreOptions options, TimeProvider time) =>
        JournalRecovery.Recover(options.Data, options.Synchronous, time.GetUtcNow());

    /// <inheritdoc/>
    public async Task<AcceptOutcome> AcceptAsync(RunEvent.RunAccepted accepted, Plan plan, int maxRuns)
    {
        while (true)
        {
            if (HolderOf(accepted) is { } other)
            {
                return new AcceptOutcome.KeyTaken(other);
            }
            if (_unended.TryEnter(accepted.Tenant, maxRuns) is { } full)
            {
                // Who has the last place may be about to get the same key.
                await WriteAsync(new Flush { CanFail = true }).ConfigureAwait(false);
                return HolderOf(accepted) is { } holder
                    ? new AcceptOutcome.KeyTaken(holder)
                    : new AcceptOutcome.Full(full.Reason, full.RetryAfter);
            }
            var append = new AppendEvents(new RunRef(accepted.RunId, accepted.Key), 0, [accepted], isShown: false)
            {
                Accept = plan,
            };
            var outcome = await KeepAsync(
                append, RunHead.LineOf(accepted), () => RunHead.Of(accepted, append.PlanKey),
                new Place(accepted.Tenant)).ConfigureAwait(false);
            if (outcome == WriteOutcome.Durable)
            {
                return new AcceptOutcome.Kept(append.LastSeq);
            }
        }
    }

    /// <inheritdoc/>
    public async Task<AppendOutcome> AppendAsync(
        RunId run, long expectedVersion, IReadOnlyList<RunEvent> events, RunSummary summary, int maxRuns = int.MaxValue)
    {
        var moved = TurnCheck.MovedTo(run, events, summary);
        if ((_unended.Find(run) ?? Ended(run)) is not { } known)
        {
            return AppendOutcome.Gone.Instance;
        }
        var (head, status, isCurrent) = (
            known.Kept.Head, known.Kept.Summary.Status, (known.Kept.Version ?? expectedVersion) == expectedVersion);
        if (moved is null && isCurrent && status != summary.Status && (status.IsEnded() || summary.Status.IsEnded()))
        {
            throw TurnCheck.NotMoved(run, status, summary);
        }
        Place? place = null;
        if (isCurrent && status.IsEnded() && !summary.Status.IsEnded())
        {
            if (_unended.TryEnter(head.Tenant, maxRuns) is { } full)
            {
                return new AppendOutcome.Full(full.Reason, full.RetryAfter);
            }
            place = new Place(head.Tenant);
        }
        // Where a run stands that has not ended is known here; and whoever opens the file next finds it by its events.
        var line = moved is null && !summary.Status.IsEnded() ? null : summary;
        var append = new AppendEvents(known.Ref, expectedVersion, [.. events], line, isShown: false)
        {
            IsChecked = true,
            CanFail = true,
        };
        return await KeepAsync(append, summary, () => head, place).ConfigureAwait(false) switch
        {
            WriteOutcome.Durable => new AppendOutcome.Kept(append.LastSeq),
            WriteOutcome.Conflict => AppendOutcome.Conflict.Instance,
            WriteOutcome.RunRemoved => AppendOutcome.Gone.Instance,
            var other => throw new InvalidOperationException($"The journal answered a turn with {other}."),
        };
    }

    /// <inheritdoc/>
    public async Task<int> SweepAsync(int most)
    {
        var before = _time.GetUtcNow() - _options.Retention;
        var removed = 0;
        while (removed < most)
        {
            var sweep = new SweepRuns(before, Math.Min(most - removed, SweepRuns.MostRuns)) { CanFail = true };
            await WriteAsync(sweep).ConfigureAwait(false);
            removed += sweep.Removed;
            if (sweep.Removed < sweep.Most)
            {
                break;
            }
        }
        return removed;
    }

    /// <inheritdoc/>
    public Task<Outage?> StayAliveAsync(TimeSpan longest) => Task.FromResult(_life.Give(_time.GetUtcNow(), longest));

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> DrainedAsync() => Task.FromResult(_reader.Drained());

    /// <inheritdoc/>
    public Task KeepDrainedAsync(string agent, bool drained) => WriteAsync(new KeepDrained(agent, drained) { CanFail = true });

    /// <summary>Writes what is queued, and lets go of the file.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isClosed, true))
        {
            return;
        }
        _writer.Dispose();
        _life.GiveLast(_time.GetUtcNow());
        Release();
    }

    /// <summary>Lets go of the file as if the process had been killed.</summary>
    internal void Abandon()
    {
        if (Interlocked.Exchange(ref _isClosed, true))
        {
            return;
        }
        _writer.Abandon();
        Release();
    }

    private void Release()
    {
        _life.Dispose();
        _reader.Dispose();
        _file.Dispose();
    }

    // Runs are known by their events: where those of one are damaged, it is passed over.
    private void Resume()
    {
        foreach (var row in _reader.ReadActive())
        {
            try
            {
                if (row.Damage is not null)
                {
                    throw row.Damage;
                }
                // What is read of the file is answered at once.
                var state = _store.ReplayAsync(row.Run!.Id).GetAwaiter().GetResult()!;
                var kept = new StoredRun(row.Run.Head, RunDetailsBuilder.Summarize(state), state.Version);
                _unended.Keep(new KnownRun(new RunRef(state.Id, state.Key, row.Number), kept), hasPlace: false);
            }
            catch (DamageException damage)
            {
                _damage.Report(damage);
            }
        }
    }

    // Who has the key of a run that is to be accepted, so that it cannot be.
    private RunId? HolderOf(RunEvent.RunAccepted accepted) =>
        _reader.Find(accepted.Key)?.Ref.Id is { } holder && holder != accepted.Supersedes ? holder : null;

    /// <param name="head">Asked when it is kept.</param>
    /// <param name="place">What was taken for it, and is given back when it is not kept.</param>
    private async Task<WriteOutcome> KeepAsync(AppendEvents append, RunSummary summary, Func<RunHead> head, Place? place)
    {
        var isKept = false;
        try
        {
            return await WriteAsync(append, () =>
            {
                isKept = true;
                Keep(append, head(), summary, hasPlace: place is not null);
            }).ConfigureAwait(false);
        }
        finally
        {
            if (!isKept && place is { } taken)
            {
                _unended.Leave(taken.Tenant);
            }
        }
    }

    // On the thread that writes.
    private void Keep(AppendEvents append, RunHead head, RunSummary summary, bool hasPlace)
    {
        var kept = new StoredRun(head, summary, append.Version + append.Events.Length);
        _unended.Keep(new KnownRun(append.Run, kept), hasPlace);
        var last = append.LastSeq - append.Events.Length;
        Volatile.Write(ref _lastSeq, append.LastSeq);
        foreach (var record in append.Records)
        {
            last += SealedRecord.ClaimedCount(record.Span);
            Kept?.Invoke(new StoredTurn(last, append.Run.Id.Value, append.Run.Key, record));
        }
    }

    /// <param name="kept">Called when it has become durable, before anything that comes after it has.</param>
    /// <exception cref="StoreUnavailableException">The disk does not take it, or the store is closed.</exception>
    private async Task<WriteOutcome> WriteAsync(JournalWrite write, Action? kept = null)
    {
        var done = new TaskCompletionSource<WriteOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        write.Completed = outcome =>
        {
            if (outcome == WriteOutcome.Durable)
            {
                kept?.Invoke();
            }
            done.SetResult(outcome);
        };
        _writer.Append(write);
        var result = await done.Task.ConfigureAwait(false);
        return result == WriteOutcome.Failed
            ? throw new StoreUnavailableException(_writer.Failure ?? $"The journal '{Path}' is closed: its process ends.")
            : result;
    }

    private readonly record struct Place(string? Tenant);
}
