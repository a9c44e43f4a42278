using System.Diagnostics;
using System.Threading.Channels;
using AgentGrid.Conformance;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Embedded.Tests.Conformance;

namespace AgentGrid.Embedded.Tests.Telemetry;

public sealed class RunTraceTests : ConformanceTests<EmbeddedGridHost>
{
    private readonly ActivityTraceId _trace = ActivityTraceId.CreateRandom();
    private readonly ActivitySpanId _caller = ActivitySpanId.CreateRandom();
    private readonly Channel<Activity> _stopped = Channel.CreateUnbounded<Activity>();

    [Fact]
    public async Task Race_Traced_HasARunSpanUnderTheCallerAndAgentSpansWithTheLoserLinked()
    {
        using var listener = Listen();
        ActivityContext seen = default;
        Script.On("alpha", call => call.HangAsync());
        Script.On("bravo", async call =>
        {
            await Script.StartedAsync("alpha");
            seen = Activity.Current!.Context;
            return call.Answer();
        });

        var run = await RunTracedAsync("""{"a": {"capability": "work", "mode": "race", "hedge_after": "0s"}}""");
        var spans = await SpansAsync(3);

        var root = Assert.Single(spans, s => s.OperationName == "invoke_workflow inline");
        Assert.Equal(_caller, root.ParentSpanId);
        Assert.Equal("completed", root.GetTagItem("agentgrid.run.status"));
        Assert.Equal(run.RunId.Value, root.GetTagItem("agentgrid.run.id"));
        var winner = Assert.Single(spans, s => s.OperationName == "invoke_agent bravo");
        var loser = Assert.Single(spans, s => s.OperationName == "invoke_agent alpha");
        Assert.All([winner, loser], s => Assert.Equal(root.SpanId, s.ParentSpanId));
        Assert.Equal(winner.Context, Assert.Single(loser.Links).Context);
        Assert.Empty(winner.Links);
        Assert.Equal(true, loser.GetTagItem("agentgrid.abandoned"));
        Assert.Equal(winner.Context, seen);
        Assert.Equal(winner.Id, Assert.Single(Script.Calls("bravo")).Invocation.TraceParent);
    }

    [Fact]
    public async Task Failure_Traced_IsAnErrorOnBothSpans()
    {
        using var listener = Listen();
        Script.On("alpha", _ => throw new InvalidOperationException("alpha is broken"));

        await RunTracedAsync("""{"a": {"agent": "alpha"}}""");
        var spans = await SpansAsync(2);

        Assert.All(spans, s => Assert.Equal(ActivityStatusCode.Error, s.Status));
        Assert.All(spans, s => Assert.Equal("error", s.GetTagItem("error.type")));
    }

    // The names of spans are what backends group by: callers choose none.
    [Fact]
    public async Task Run_PlanThatCameWithTheRequest_HasItsNameAsAnAttributeAlone()
    {
        using var listener = Listen();
        var named = Json.Parse("""{"name": "mine_alone", "steps": {"a": {"agent": "alpha"}}}""");

        var accepted = await AcceptAsync(Request("{}") with
        {
            InlinePlan = named,
            TraceParent = $"00-{_trace}-{_caller}-01",
        });
        await Grid.WaitForEndAsync(accepted.RunId, TimeSpan.FromMinutes(1));
        var spans = await SpansAsync(2);

        var root = Assert.Single(spans, s => s.OperationName == "invoke_workflow inline");
        Assert.Equal("mine_alone", root.GetTagItem("gen_ai.workflow.name"));
    }

    [Fact]
    public async Task NobodyListens_NothingIsTraced()
    {
        await RunTracedAsync("""{"a": {"agent": "alpha"}}""");

        Assert.Null(Assert.Single(Script.Calls("alpha")).Invocation.TraceParent);
    }

    private async Task<RunSummary> RunTracedAsync(string steps)
    {
        var accepted = await AcceptAsync(Request(steps) with { TraceParent = $"00-{_trace}-{_caller}-01" });
        await Grid.WaitForEndAsync(accepted.RunId, TimeSpan.FromMinutes(1));
        return accepted;
    }

    private async Task<List<Activity>> SpansAsync(int count)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var spans = new List<Activity>();
        while (spans.Count < count)
        {
            spans.Add(await _stopped.Reader.ReadAsync(limit.Token));
        }
        return spans;
    }

    // Other tests run beside this one: only the spans of this test's trace are listened to.
    private ActivityListener Listen()
    {
        var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == GridInstruments.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> options) => options.Parent.TraceId == _trace
                ? ActivitySamplingResult.AllDataAndRecorded
                : ActivitySamplingResult.None,
            ActivityStopped = activity => _stopped.Writer.TryWrite(activity),
        };
        ActivitySource.AddActivityListener(listener);
        return listener;
    }
}
