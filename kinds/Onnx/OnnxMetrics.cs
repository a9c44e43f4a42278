using System.Diagnostics.Metrics;
using AgentGrid.Core.Grid;
using AgentGrid.Kinds.Onnx.Models;

namespace AgentGrid.Kinds.Onnx;

/// <summary>What is counted and timed of models.</summary>
internal static class OnnxMetrics
{
    private static readonly Meter s_meter = new(GridInstruments.Name, "1.0.0");

    private static readonly Histogram<int> s_batchSize = s_meter.CreateHistogram(
        "agentgrid.onnx.batch.size", "{attempt}", "How many attempts were computed at once, by agent and device",
        advice: new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512] });

    private static readonly Histogram<double> s_queueWait = s_meter.CreateHistogram(
        "agentgrid.onnx.queue_wait", "s", "How long attempts with a slot waited for the model, by agent and device", advice: Seconds());

    private static readonly Histogram<double> s_runDuration = s_meter.CreateHistogram(
        "agentgrid.onnx.run.duration", "s", "How long the model computed, by agent and device", advice: Seconds());

    private static readonly Counter<long> s_reloads = s_meter.CreateCounter<long>(
        "agentgrid.onnx.reloads", "{load}", "Sessions that were recreated after memory had run out, by agent and device");

    public static void RecordWait(string agent, Device device, TimeSpan time) =>
        s_queueWait.Record(time.TotalSeconds, Agent(agent), On(device));

    public static void RecordRun(string agent, Device device, int attempts, TimeSpan time)
    {
        s_batchSize.Record(attempts, Agent(agent), On(device));
        s_runDuration.Record(time.TotalSeconds, Agent(agent), On(device));
    }

    public static void RecordReload(string agent, Device device) => s_reloads.Add(1, Agent(agent), On(device));

    private static KeyValuePair<string, object?> Agent(string agent) => new("agent", agent);

    private static KeyValuePair<string, object?> On(Device device) => new("device", device.ToString());

    private static InstrumentAdvice<double> Seconds() => new()
    {
        HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    };
}
