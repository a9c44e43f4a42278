using System.Diagnostics;
using AgentGrid.Core.Grid;
using AgentGrid.Kinds.Tests.Http;
using AgentGrid.Kinds.Tests.Process;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using static AgentGrid.Kinds.Tests.Chat.FakeModel;

namespace AgentGrid.Kinds.Tests.Chat;

/// <summary>What can be observed of models.</summary>
public sealed class ChatTelemetryTests : IAsyncLifetime
{
    private FakeService _service = null!;

    public async ValueTask InitializeAsync() => _service = await FakeService.StartAsync(Streams("hel", "lo"));

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task Spans_LieBelowTheAttemptAndGoOverTheWire()
    {
        var spans = new List<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = s => s.Name == GridInstruments.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = s =>
            {
                lock (spans)
                {
                    spans.Add(s);
                }
            },
        };
        ActivitySource.AddActivityListener(listener);
        await using var agent = _service.Agent();
        var invocation = Programs.Invocation("{}");
        invocation.TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        Activity.Current = null;
        await agent.InvokeAsync(invocation, default);

        var chat = Assert.Single(spans, s => s.OperationName == "chat m-1" && s.TraceId.ToHexString() == "0af7651916cd43dd8448eb211c80319c");
        Assert.Equal("chat", chat.GetTagItem("gen_ai.operation.name"));
        Assert.Equal(11, Convert.ToInt32(chat.GetTagItem("gen_ai.usage.input_tokens"), null));
        Assert.Equal(3, Convert.ToInt32(chat.GetTagItem("gen_ai.usage.output_tokens"), null));
        Assert.DoesNotContain(chat.TagObjects, t => t.Key is "gen_ai.input.messages" or "gen_ai.output.messages");
        var attempt = Assert.Single(spans, s => s.SpanId == chat.ParentSpanId);
        Assert.Equal("b7ad6b7169203331", attempt.ParentSpanId.ToHexString());
        Assert.Equal(chat.Id, _service.Requests.Single().Headers["traceparent"]);
    }

    [Fact]
    public async Task Metrics_OfOneAgent_GoOnWhenAnotherIsGone()
    {
        var exporter = new Exporter();
        using var reader = new BaseExportingMetricReader(exporter);
        using var provider = Sdk.CreateMeterProviderBuilder().AddMeter(GridInstruments.Name).AddReader(reader).Build();
        var gone = _service.Agent();
        await gone.RunAsync();
        await using var agent = _service.Agent();
        await agent.RunAsync();
        await gone.DisposeAsync();
        reader.Collect();
        await agent.RunAsync();
        reader.Collect();

        Assert.Equal((3, 9.0), exporter.OutputTokens[new Uri(_service.Url).Port]);
    }

    /// <summary>Keeps how many tokens were written, and in how many answers, by the port of the endpoint.</summary>
    private sealed class Exporter : BaseExporter<Metric>
    {
        public Dictionary<int, (long Count, double Sum)> OutputTokens { get; } = [];

        public override ExportResult Export(in Batch<Metric> batch)
        {
            OutputTokens.Clear();
            foreach (var metric in batch)
            {
                if (metric.Name == "gen_ai.client.token.usage")
                {
                    Add(metric);
                }
            }
            return ExportResult.Success;
        }

        private void Add(Metric metric)
        {
            foreach (ref readonly var point in metric.GetMetricPoints())
            {
                var tags = new Dictionary<string, object?>();
                foreach (var tag in point.Tags)
                {
                    tags[tag.Key] = tag.Value;
                }
                if (tags["gen_ai.token.type"] is "output")
                {
                    OutputTokens[(int)tags["server.port"]!] = (point.GetHistogramCount(), point.GetHistogramSum());
                }
            }
        }
    }
}
