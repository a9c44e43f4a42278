using AgentGrid.Core;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Journal;
using AgentGrid.Engine.Feed;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentGrid.Embedded.Tests.Journal;

/// <summary>A journal's file, reader and writer, without an engine around them.</summary>
internal sealed class OpenJournal : IDisposable
{
    public static readonly Plan Plan = PlanReader.ReadJson("p", Json.Parse("""{"steps":{"a":{"agent":"x"}}}""")).Plan!;

    private readonly JournalFile _file;

    public OpenJournal(string folder)
    {
        _file = JournalFile.Open(folder, JournalSync.Full);
        Reader = new JournalReader(_file);
        Writer = new JournalWriter(_file, Feed, NullLogger.Instance, EmbeddedPlatform.Process);
        Writer.Start();
    }

    public FeedBuffer Feed { get; } = new(1_000, EmbeddedPlatform.Process);
    public JournalReader Reader { get; }
    public JournalWriter Writer { get; }

    public async Task<RunRef> AcceptAsync(RunEvent.RunAccepted e)
    {
        var run = new RunRef(e.RunId, e.Key);
        Assert.Equal(WriteOutcome.Durable, await AcceptAsync(run, e));
        return run;
    }

    public Task<WriteOutcome> TryAcceptAsync(RunEvent.RunAccepted e) => AcceptAsync(new RunRef(e.RunId, e.Key), e);

    public Task AppendAsync(RunRef run, params RunEvent[] events) => BeginAppend(run, events);

    public Task<WriteOutcome> BeginAppend(RunRef run, params RunEvent[] events) => BeginAppend(run, null, null, events);

    private Task<WriteOutcome> BeginAppend(RunRef run, AgentSet? agents, string? reason, RunEvent[] events)
    {
        var done = new TaskCompletionSource<WriteOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        Writer.Append(new AppendEvents(run, events) { Agents = agents, Reason = reason, Completed = done.SetResult });
        return done.Task;
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
        Writer.Append(new AppendEvents(run, [e]) { Accept = Plan, Completed = done.SetResult });
        return done.Task;
    }

    public static RunEvent.RunAccepted Run(int id, string match, string round, DateTimeOffset time) => new(
        RunId.From(new Guid(id, 0, 0, new byte[8])), match, round, Plan.Name, Plan.Version, Json.EmptyObject, 1)
    {
        Time = time,
    };
}
