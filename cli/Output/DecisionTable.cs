using AgentGrid.Cli.Client;

namespace AgentGrid.Cli.Output;

/// <summary>Everyone whom the router considered, best first.</summary>
internal static class DecisionTable
{
    public static void Print(Screen screen, DecisionView decision) => screen.Table(
        ["", "agent", "because"],
        decision.Candidates.Select(c => new object[]
        {
            c.Agent == decision.Agent ? ">" : "", c.Agent, c.Because ?? c.Note ?? "",
        }));
}
