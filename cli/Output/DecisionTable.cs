using System.Globalization;
using AgentGrid.Cli.Client;

namespace AgentGrid.Cli.Output;

/// <summary>Everyone whom the router considered, best first.</summary>
internal static class DecisionTable
{
    public static void Print(Screen screen, DecisionView decision) => screen.Table(
        ["", "agent", "priority", "free slots", "load", "score", "note"],
        decision.Candidates.Select(c => new object[]
        {
            c.Agent == decision.Agent ? ">" : "", c.Agent, c.Priority.ToString(CultureInfo.InvariantCulture),
            c.FreeSlots.ToString(CultureInfo.InvariantCulture), Show.Number(c.Load), Show.Number(c.Score), c.Note ?? "",
        }));
}
