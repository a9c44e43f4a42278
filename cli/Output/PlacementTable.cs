using System.Globalization;
using AgentGrid.Cli.Client;

namespace AgentGrid.Cli.Output;

/// <summary>The nodes that were considered for an attempt, best first.</summary>
internal static class PlacementTable
{
    public static void Print(Screen screen, PlacementView placement) => screen.Table(
        ["", "node", "free slots", "load", "free gpu memory", "score", "note"],
        placement.Candidates.Select(c => new object[]
        {
            c.Node == placement.Node ? ">" : "", c.Node, c.FreeSlots.ToString(CultureInfo.InvariantCulture),
            Show.Number(c.Load),
            c.FreeGpuMemoryBytes is { } free
                ? string.Create(CultureInfo.InvariantCulture, $"{free >> 20} MiB")
                : Show.Nothing,
            Show.Number(c.Score), c.Note ?? "",
        }));
}
