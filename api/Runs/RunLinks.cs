using System.Globalization;
using AgentGrid.Core;

namespace AgentGrid.Api.Runs;

/// <summary>Where to go on from a run.</summary>
public sealed record RunLinks(string Self, string Events, string Cancel, string Retry, string Ws)
{
    public static RunLinks Of(RunId id)
    {
        var self = SelfOf(id);
        return new RunLinks(
            self, $"{self}/events", $"{self}/cancel", $"{self}/retry",
            string.Create(CultureInfo.InvariantCulture, $"/ws/agents?after=0&run_id={id.Value}"));
    }

    public static string SelfOf(RunId id) => $"/api/v1/runs/{id.Value}";
}
