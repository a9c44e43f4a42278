using System.Diagnostics;
using AgentGrid.Engine.Feed;
using AgentGrid.Engine.Store;
using AgentGrid.Engine.Telemetry;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Embedded.Journal;

/// <summary>
/// The only writer. One thread takes whatever has been appended since the last commit, writes it in one transaction,
/// and after the commit publishes it to the feed and tells those who wait. Events get their numbers here, so numbers
/// follow the order of durability.
/// </summary>
/// <remarks>
/// When a commit fails, what can fail is refused, acceptances always, and everything else stays queued and is tried again
/// every second: runs that were accepted lose nothing, and nothing new is promised meanwhile. Where nothing is queued, the disk is
/// tried with a number that is there already.
/// </remarks>
internal sealed partial class JournalWriter : IDisposable
{
    private const int MostEventsInOneCommit = 8_192;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly JournalSession _session;
    private readonly string _path;
    private readonly FeedBuffer? _feed;
    private readonly ILogger _logger;
    private readonly EmbeddedPlatform _platform;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _work = new(0);
    private readonly ManualResetEventSlim _stopRequested = new();
    private List<JournalWrite> _incoming = [];
    private List<JournalWrite> _taken = [];
    private readonly List<WriteOutcome> _outcomes = [];
    private Action? _join;
    private bool _signalled;
    private volatile string? _failure;
    private volatile bool _abandoned;
    private bool _stopped;

    /// <param name="feed">Where events are shown; null: whoever appends shows them, and counts commits.</param>
    public JournalWriter(JournalFile file, FeedBuffer? feed, ILogger logger, EmbeddedPlatform platform)
    {
        _platform = platform;
        _session = platform.OpenSession(file);
        _path = file.Path;
        _feed = feed;
        _logger = logger;
        _feed?.StartAfter(_session.LastSeq);
    }

    /// <summary>Why nothing can be written now; null when all is well.</summary>
    public string? Failure => _failure;

    public void Start() => _join = _platform.StartThread("agent-grid-journal", Loop);

    /// <summary>
    /// Queues a write. Writes become durable in the order of their appending. When the writer has stopped, what can fail
    /// is refused, and the rest is dropped: its runs resume from what is durable.
    /// </summary>
    public void Append(JournalWrite write)
    {
        bool stopped;
        lock (_gate)
        {
            stopped = _stopped;
            if (!stopped)
            {
                _incoming.Add(write);
                if (_signalled)
                {
                    return;
                }
                _signalled = true;
            }
        }
        if (stopped)
        {
            Refuse(write);
            return;
        }
        _work.Release();
    }

    /// <summary>Something waits to be written.</summary>
    internal bool HasWork
    {
        get
        {
            lock (_gate)
            {
                return _incoming.Count + _taken.Count > 0 || _failure is not null;
            }
        }
    }

    /// <summary>One commit, of what has been appended so far, where the writer's thread is not wanted.</summary>
    /// <returns>False when there was nothing to write, or the disk refused it.</returns>
    internal bool WriteOnce()
    {
        Take();
        return (_taken.Count > 0 || _failure is not null) && Commit();
    }

    /// <summary>Lets the file grow to this many pages and no further, as a full disk does; for tests.</summary>
    internal void LimitFile(int pages) => _session.LimitFile(pages);

    /// <summary>Stops as if the process had been killed: what is queued is never written, and nobody is told.</summary>
    public void Abandon()
    {
        _abandoned = true;
        Dispose();
    }

    /// <summary>Writes what is queued and stops.</summary>
    public void Dispose()
    {
        _stopRequested.Set();
        _work.Release();
        _join?.Invoke();
        _session.Dispose();
        RefuseRest();
    }

    // Others may still append: what came too late for the last commit is answered too.
    private void RefuseRest()
    {
        List<JournalWrite> rest;
        lock (_gate)
        {
            _stopped = true;
            rest = [.. _taken, .. _incoming];
        }
        if (!_abandoned)
        {
            rest.ForEach(Refuse);
        }
    }

    private static void Refuse(JournalWrite write)
    {
        if (write.CanFail)
        {
            write.Completed?.Invoke(WriteOutcome.Failed);
        }
    }

    private void Loop()
    {
        while (true)
        {
            _work.Wait();
            // Looked at before the queue, so that everything which was appended before the stop is written.
            var last = _stopRequested.IsSet;
            Take();
            while ((_taken.Count > 0 || _failure is not null) && !_abandoned)
            {
                if (!Commit())
                {
                    if (_stopRequested.Wait(RetryAfter))
                    {
                        if (_taken.Count > 0)
                        {
                            LogGaveUp(_logger, _taken.Count);
                        }
                        return;
                    }
                    Take();
                }
            }
            if (last)
            {
                return;
            }
        }
    }

    private void Take()
    {
        lock (_gate)
        {
            _signalled = false;
            if (_taken.Count == 0)
            {
                (_incoming, _taken) = (_taken, _incoming);
            }
            else
            {
                _taken.AddRange(_incoming);
                _incoming.Clear();
            }
        }
    }

    private bool Commit()
    {
        var count = BatchSize();
        var startedAt = Stopwatch.GetTimestamp();
        _outcomes.Clear();
        try
        {
            _session.Begin();
            if (count == 0)
            {
                _session.KeepNumbers();
            }
            for (var i = 0; i < count; i++)
            {
                _outcomes.Add(_session.Apply(_taken[i]));
            }
            _session.Commit();
        }
        catch (SqliteException e)
        {
            _session.Rollback();
            Fail(e);
            return false;
        }
        if (_failure is not null)
        {
            _failure = null;
            LogRecovered(_logger);
        }
        var committed = _session.TakeCommitted();
        if (_feed is not null)
        {
            GridMetrics.RecordCommit(startedAt, committed.Count);
            _feed.Publish(committed);
        }
        for (var i = 0; i < count; i++)
        {
            _taken[i].Completed?.Invoke(_outcomes[i]);
            _taken[i].Release();
        }
        _taken.RemoveRange(0, count);
        return true;
    }

    private int BatchSize()
    {
        var events = 0;
        for (var i = 0; i < _taken.Count; i++)
        {
            events += _taken[i] is AppendEvents append ? append.Events.Length : 1;
            if (events >= MostEventsInOneCommit)
            {
                return i + 1;
            }
        }
        return _taken.Count;
    }

    private void Fail(SqliteException e)
    {
        if (_failure is null)
        {
            LogFailed(_logger, _path, e);
        }
        _failure = $"The journal cannot be written: {e.Message.TrimEnd('.')}. Make room on the disk of the data "
            + "folder, or make it writable. What was accepted is kept meanwhile, and everything continues by itself.";
        var refused = _taken.FindAll(static w => w.CanFail);
        _taken.RemoveAll(static w => w.CanFail);
        refused.ForEach(Refuse);
    }

    [LoggerMessage(100, LogLevel.Error,
        "The journal '{Path}' cannot be written; new runs are refused, and pending writes are kept and retried. "
        + "Make room on its disk, or make it writable")]
    private static partial void LogFailed(ILogger logger, string path, Exception exception);

    [LoggerMessage(101, LogLevel.Information, "The journal can be written again")]
    private static partial void LogRecovered(ILogger logger);

    [LoggerMessage(102, LogLevel.Error,
        "Stopped with {Writes} writes that did not reach the journal; their runs resume from what is durable")]
    private static partial void LogGaveUp(ILogger logger, int writes);
}
