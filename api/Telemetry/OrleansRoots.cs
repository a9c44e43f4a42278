using System.Diagnostics;
using OpenTelemetry;

namespace AgentGrid.Api.Telemetry;

/// <summary>
/// Leaves out the traces that Orleans begins by itself: calls between silos, several a second, of which nobody asked for
/// any. What belongs to a request or to a run has a parent, and stays.
/// </summary>
internal sealed class OrleansRoots : BaseProcessor<Activity>
{
    private const string Orleans = "Microsoft.Orleans";

    public override void OnStart(Activity data)
    {
        if (data.ParentSpanId == default && data.Source.Name.StartsWith(Orleans, StringComparison.Ordinal))
        {
            data.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
        }
    }
}
