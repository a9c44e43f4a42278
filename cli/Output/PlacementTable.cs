using AgentGrid.Cli.Client;

namespace AgentGrid.Cli.Output;

/// <summary>The nodes that were considered for an attempt, best first.</summary>
internal static class PlacementTable
{
    public static void Print(Screen screen, PlacementView placement) => screen.Table(
        ["", "node", "because"],
        placement.Candidates.Select(c => new object[]
        {
            c.Node == placement.Node ? ">" : "", c.Node, c.Because ?? c.Note ?? "",
        }));
}
