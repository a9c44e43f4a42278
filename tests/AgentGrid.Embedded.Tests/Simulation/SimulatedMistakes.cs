using System.Diagnostics.Metrics;
using AgentGrid.Core.Grid;
using AgentGrid.Engine.Telemetry;

namespace AgentGrid.Embedded.Tests.Simulation;

/// <summary>
/// Mistakes in the engine: the measuring of an attempt throws now and then, in the middle of a turn, when slots are
/// taken and nothing is written yet. A simulation has one thread, so it is by threads that they know whose they are.
/// </summary>
internal static class SimulatedMistakes
{
    public const string Message = "a mistake that the simulation has made";

    private static readonly MeterListener s_listener = Listen();

    [ThreadStatic]
    private static Func<bool>? s_happens;

    /// <summary>Whether a mistake happens where one can; null for none on this thread.</summary>
    public static Func<bool>? Happens
    {
        set
        {
            _ = s_listener;
            s_happens = value;
        }
    }

    private static MeterListener Listen()
    {
        var listener = new MeterListener
        {
            InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Meter.Name == GridInstruments.Name
                    && instrument.Name is "agentgrid.attempt.queue_wait" or "agentgrid.attempt.duration"
                        or "agentgrid.run.duration")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>(static (_, _, _, _) =>
        {
            if (s_happens?.Invoke() == true)
            {
                throw new InvalidOperationException(Message);
            }
        });
        listener.Start();
        return listener;
    }
}
