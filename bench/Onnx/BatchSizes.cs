using System.Diagnostics.Metrics;
using AgentGrid.Core.Grid;

namespace AgentGrid.Bench.Onnx;

/// <summary>How many attempts were in a batch, as the meter says it.</summary>
internal sealed class BatchSizes : IDisposable
{
    private readonly MeterListener _listener = new();
    private long _runs;
    private long _attempts;

    public BatchSizes()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == GridInstruments.Name && instrument.Name == "agentgrid.onnx.batch.size")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<int>((_, attempts, _, _) =>
        {
            Interlocked.Increment(ref _runs);
            Interlocked.Add(ref _attempts, attempts);
        });
        _listener.Start();
    }

    public double Mean => (double)_attempts / _runs;

    public void Dispose() => _listener.Dispose();
}
