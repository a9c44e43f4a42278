using System.Diagnostics.CodeAnalysis;
using AgentGrid.Conformance.Cast;
using AgentGrid.Conformance.Hosting;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Conformance;

/// <summary>
/// What every engine must do. Each feature has its class of tests; an engine derives one class from each of them
/// and names its host.
/// </summary>
public abstract class ConformanceTests<THost> : IAsyncLifetime, IClassFixture<KeptEngine<THost>>
    where THost : IGridHost, new()
{
    private KeptEngine<THost> _kept = null!;
    private IGridHost? _host;
    private long _before;

    protected Script Script { get; } = new();

    protected IGridHost Host => _host ?? throw new InvalidOperationException("The engine was not started.");

    protected IAgentGrid Grid => Host.Grid;

    /// <summary>
    /// Whether a test may find the engine of the one before it, when that has left it quiet: with its runs in lists, and what
    /// was counted and learned of its agents.
    /// </summary>
    protected virtual bool KeepsEngine => false;

    /// <summary>What the engine of every test of the class is started with.</summary>
    protected virtual GridSetup Setup { get; } = new();

    public async ValueTask InitializeAsync()
    {
        _kept = (await TestContext.Current.GetFixture<KeptEngine<THost>>())!;
        _host = await _kept.TakeAsync(Setup);
        _before = KeepsEngine ? (await PagesAsync(new FeedQuery())).LastOrDefault()?.Seq ?? 0 : 0;
    }

    public async ValueTask DisposeAsync()
    {
        Script.Dispose();
        if (_host is not null)
        {
            await (KeepsEngine ? _kept.ReturnAsync(_host) : _host.DisposeAsync().AsTask());
        }
        GC.SuppressFinalize(this);
    }

    /// <summary>A request for a run of these steps, over a key of its own.</summary>
    protected SubmitRun Request(
        [StringSyntax(StringSyntaxAttribute.Json)] string steps,
        [StringSyntax(StringSyntaxAttribute.Json)] string input = "{}",
        string? settings = null)
    {
        var plan = settings is null ? $$"""{"steps": {{steps}}}""" : $$"""{"steps": {{steps}}, {{settings}}}""";
        return new SubmitRun(new RunKey(Script.NewMatch(), "round_1"), Json.Parse(input), InlinePlan: Json.Parse(plan));
    }

    /// <summary>Submits a run that must be accepted.</summary>
    protected async Task<RunSummary> AcceptAsync(SubmitRun request)
    {
        var result = await Grid.SubmitAsync(request);
        return result is SubmitResult.Accepted accepted
            ? accepted.Run
            : throw new InvalidOperationException($"Expected run {request.Key} to be accepted, but: {Describe(result)}");
    }

    protected Task<RunSummary> AcceptAsync(
        [StringSyntax(StringSyntaxAttribute.Json)] string steps,
        [StringSyntax(StringSyntaxAttribute.Json)] string input = "{}",
        string? settings = null) =>
        AcceptAsync(Request(steps, input, settings));

    /// <summary>Waits for the end of a run, however it ends.</summary>
    protected async Task<RunDetails> EndOfAsync(RunSummary run)
    {
        var details = await Grid.WaitForEndAsync(run.RunId, Limits.Patience);
        Assert.NotNull(details);
        Assert.True(details.Summary.Status.IsEnded(), $"The run did not end: {Describe(details)}");
        return details;
    }

    /// <summary>Submits a run and waits for its end, however it ends.</summary>
    protected async Task<RunDetails> RunAsync(
        [StringSyntax(StringSyntaxAttribute.Json)] string steps,
        [StringSyntax(StringSyntaxAttribute.Json)] string input = "{}",
        string? settings = null) =>
        await EndOfAsync(await AcceptAsync(steps, input, settings));

    /// <summary>
    /// Runs with a short limit of time, and with longer ones while it was not enough: where the machine is busy, a
    /// short one can be over before the agent was asked.
    /// </summary>
    /// <returns>How the last ended, whether or not it was enough.</returns>
    protected static async Task<RunDetails> InEnoughTimeAsync(
        TimeSpan shortest, Func<TimeSpan, Task<RunDetails>> run, Func<RunDetails, bool> enough)
    {
        for (var limit = shortest; ; limit *= 10)
        {
            var details = await run(limit);
            if (enough(details) || limit * 10 > Limits.Patience / 2)
            {
                return details;
            }
        }
    }

    /// <summary>The invocations of a run's agents so far.</summary>
    protected IReadOnlyList<Call> CallsOf(RunDetails run) =>
        [.. Script.Calls().Where(c => c.Invocation.RunId == run.Summary.RunId)];

    /// <summary>Waits until a run has an event of this stage in the feed, which makes it durable.</summary>
    protected async Task SeenAsync(RunSummary run, string stage)
    {
        using var limit = new CancellationTokenSource(Limits.Patience);
        await foreach (var batch in Grid.FollowAsync(new FeedQuery(0, RunId: run.RunId, Stage: stage), limit.Token))
        {
            if (batch.Length > 0)
            {
                return;
            }
        }
        Assert.Fail($"The feed ended before '{stage}' of run {run.RunId}.");
    }

    /// <summary>Waits until live feeds have come to where the durable one ends.</summary>
    /// <returns>The number of its last event.</returns>
    protected async Task<long> ShownAsync()
    {
        var last = (await FeedAsync())[^1].Seq;
        await Limits.EventuallyAsync(
            async () => (await Grid.GetHealthAsync()).LastSeq >= last,
            async () => $"number {(await Grid.GetHealthAsync()).LastSeq} is shown, {last} is durable");
        return last;
    }

    /// <summary>Waits until no attempt holds or waits for a slot, and fails when that does not come about.</summary>
    protected Task AllSlotsFreeAsync() => Limits.EventuallyAsync(
        async () => (await Grid.GetAgentsAsync()).All(a => a is { Running: 0, Waiting: 0, Abandoned: 0 }),
        async () => string.Join(", ", (await Grid.GetAgentsAsync())
            .Where(a => a.Running + a.Waiting + a.Abandoned > 0)
            .Select(a => $"{a.Config.Name}: {a.Running} running, {a.Waiting} waiting, {a.Abandoned} abandoned")));

    /// <summary>Waits until this many attempts wait for a slot of an agent.</summary>
    protected Task WaitingAsync(string agent, int count) => Limits.EventuallyAsync(
        async () => await LoadAsync(agent) is var load && load.Waiting == count,
        async () => $"{(await LoadAsync(agent)).Waiting} attempts wait for '{agent}', not {count}");

    protected async Task<AgentDetails> LoadAsync(string agent) =>
        Assert.Single(await Grid.GetAgentsAsync(), a => a.Config.Name == agent);

    /// <summary>The feed since the test began, read page by page; checks that its numbers have no gap.</summary>
    protected async Task<IReadOnlyList<FeedEvent>> FeedAsync(FeedQuery? query = null, int pageSize = 500)
    {
        var events = await PagesAsync(query ?? new FeedQuery(_before), pageSize);
        if (query is null)
        {
            NoGap(events, _before);
        }
        return events;
    }

    private async Task<List<FeedEvent>> PagesAsync(FeedQuery query, int pageSize = 500)
    {
        var events = new List<FeedEvent>();
        for (var page = await Grid.ReadEventsAsync(query, pageSize); ;
            page = await Grid.ReadEventsAsync(query with { After = page.Next }, pageSize))
        {
            events.AddRange(page.Events);
            if (page.AtEnd)
            {
                return events;
            }
        }
    }

    /// <summary>Checks that events are numbered one by one from the number after <paramref name="after"/>.</summary>
    protected static void NoGap(IReadOnlyList<FeedEvent> events, long after)
    {
        for (var i = 0; i < events.Count; i++)
        {
            Assert.True(events[i].Seq == after + 1 + i,
                $"Expected number {after + 1 + i} at place {i}, but it is {events[i].Seq} ({events[i].Stage}).");
        }
    }

    protected static StepDetails StepOf(RunDetails run, string step) => Assert.Single(run.Steps, s => s.Id == step);

    protected static void AssertCompleted(RunDetails run) =>
        Assert.True(run.Summary.Status == RunStatus.Completed, $"Expected a completed run: {Describe(run)}");

    protected static RunError AssertFailed(RunDetails run)
    {
        Assert.True(run.Summary.Status == RunStatus.Failed, $"Expected a failed run: {Describe(run)}");
        Assert.NotNull(run.Error);
        Assert.NotEqual("", run.Error.Message);
        return run.Error;
    }

    protected static string Describe(SubmitResult result) => result switch
    {
        SubmitResult.Invalid invalid => $"Invalid: {string.Join("; ", invalid.Problems)}",
        SubmitResult.Conflict conflict => $"Conflict: {string.Join("; ", conflict.Differences)}",
        _ => result.ToString(),
    };

    protected static string Describe(RunDetails run) =>
        $"{run.Summary.Status} {run.Error} {run.CancelReason}; " + string.Join(", ", run.Steps.Where(s => s.Attempts.Length > 0)
            .Take(20).Select(s => $"{s.Id} {s.Status} [{string.Join(' ', s.Attempts.Select(a => $"{a.Agent}:{a.Status}"))}]"));
}
