using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Journal;
using AgentGrid.Engine.Feed;
using AgentGrid.Engine.Store;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentGrid.Embedded.Tests.Journal;

/// <summary>A journal's file, reader and writer, without an engine around them.</summary>
internal sealed class OpenJournal : IDisposable
{
    public static readonly Plan Plan = PlanReader.ReadJson("p", Json.Parse("""{"steps":{"a":{"agent":"x"}}}""")).Plan!;

    private readonly JournalFile _file;
    private readonly Dictionary<RunId, long> _versions = [];
    private readonly Dictionary<RunId, RunSummary> _lines = [];

    public OpenJournal(string folder)
    {
        _file = JournalFile.Open(folder, JournalSync.Full);
        Reader = new JournalReader(_file);
        Store = JournalCheck.StoreOf(_file, Reader);
        Writer = new JournalWriter(_file, Feed, NullLogger.Instance, EmbeddedPlatform.Process);
        Writer.Start();
    }

    public FeedBuffer Feed { get; } = new(1_000, EmbeddedPlatform.Process);
    public JournalReader Reader { get; }
    public StoreReader Store { get; }
    public JournalWriter Writer { get; }

    public async Task<RunRef> AcceptAsync(RunEvent.RunAccepted e)
    {
        var run = new RunRef(e.RunId, e.Key);
        Assert.Equal(WriteOutcome.Durable, await AcceptAsync(run, e));
        return run;
    }

    public Task<WriteOutcome> TryAcceptAsync(RunEvent.RunAccepted e) => AcceptAsync(new RunRef(e.RunId, e.Key), e);

    public Task AppendAsync(RunRef run, params RunEvent[] events) => BeginAppend(run, events);

    /// <summary>Appends an event after others, whoever has written them.</summary>
    public Task<WriteOutcome> AppendAsync(RunRef run, long version, RunEvent e)
    {
        var done = new TaskCompletionSource<WriteOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        Writer.Append(new AppendEvents(run, version, [e], LineOf(run, [e])) { Completed = done.SetResult });
        return done.Task;
    }

    /// <summary>Appends events to those that this journal has appended; with the line that follows from them.</summary>
    public Task<WriteOutcome> BeginAppend(RunRef run, params RunEvent[] events) => BeginAppend(run, null, null, events);

    private Task<WriteOutcome> BeginAppend(RunRef run, AgentSet? agents, string? reason, RunEvent[] events)
    {
        var done = new TaskCompletionSource<WriteOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        var before = _versions.GetValueOrDefault(run.Id);
        _versions[run.Id] = before + events.Length;
        var line = LineOf(run, events) is { } after ? after with { Agents = agents, Reason = reason } : null;
        Writer.Append(new AppendEvents(run, before, events, line) { Completed = done.SetResult });
        return done.Task;
    }

    private RunSummary? LineOf(RunRef run, RunEvent[] events)
    {
        foreach (var e in events)
        {
            var line = _lines[run.Id];
            _lines[run.Id] = e switch
            {
                RunEvent.RunStarted => line with { Status = RunStatus.Running, StartedAt = line.StartedAt ?? e.Time },
                RunEvent.RunCompleted => line with { Status = RunStatus.Completed, EndedAt = e.Time },
                RunEvent.RunFailed => line with { Status = RunStatus.Failed, EndedAt = e.Time },
                RunEvent.RunCancelled => line with { Status = RunStatus.Cancelled, EndedAt = e.Time },
                RunEvent.RunRetried => line with { Status = RunStatus.Queued, EndedAt = null },
                _ => line,
            };
        }
        var after = _lines[run.Id];
        return after.EndedAt is not null || events.Any(e => e is RunEvent.RunRetried) ? after : null;
    }

    /// <param name="agents">What its row says when it ends; <paramref name="reason"/> too.</param>
    public Task EndAsync(RunRef run, AgentSet? agents, string? reason, RunEvent end) =>
        BeginAppend(run, agents, reason, [end]);

    /// <summary>Accepts a run and adds more events to it, without waiting between.</summary>
    public Task BeginRun(RunEvent.RunAccepted e, params RunEvent[] more) => BeginRun(e, null, more);

    /// <inheritdoc cref="BeginRun(RunEvent.RunAccepted, RunEvent[])"/>
    /// <param name="agents">What its row says when it ends.</param>
    public Task BeginRun(RunEvent.RunAccepted e, AgentSet? agents, params RunEvent[] more)
    {
        var run = new RunRef(e.RunId, e.Key);
        _ = AcceptAsync(run, e);
        return BeginAppend(run, agents, null, more);
    }

    /// <summary>Replays a run that is there. What is read of a journal is answered at once.</summary>
    public RunState Replay(RunRow row) => Store.ReplayAsync(row.Ref.Id).GetAwaiter().GetResult()!;

    /// <inheritdoc cref="StoreReader.ReadEventsAsync"/>
    public FeedPage ReadEvents(FeedQuery query, long after, int limit) =>
        Store.ReadEventsAsync(query, after, limit).GetAwaiter().GetResult();

    public void CheckAll() => JournalCheck.Everything(_file);

    public async Task<int> SweepAsync(DateTimeOffset endedBefore)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var sweep = new SweepRuns(endedBefore) { Completed = _ => done.SetResult() };
        Writer.Append(sweep);
        await done.Task;
        return sweep.Removed;
    }

    public void Dispose()
    {
        Writer.Dispose();
        Reader.Dispose();
        _file.Dispose();
    }

    private Task<WriteOutcome> AcceptAsync(RunRef run, RunEvent.RunAccepted e)
    {
        var done = new TaskCompletionSource<WriteOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        _versions[run.Id] = 1;
        _lines[run.Id] = RunHead.LineOf(e);
        Writer.Append(new AppendEvents(run, 0, [e]) { Accept = Plan, Completed = done.SetResult });
        return done.Task;
    }

    public static RunEvent.RunAccepted Run(int id, string match, string round, DateTimeOffset time) => new(
        RunId.From(new Guid(id, 0, 0, new byte[8])), match, round, Plan.Name, Plan.Version, Json.EmptyObject, 1)
    {
        Time = time,
    };
}
