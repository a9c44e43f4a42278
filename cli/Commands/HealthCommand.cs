using System.CommandLine;
using System.Globalization;
using AgentGrid.Cli.Client;
using AgentGrid.Cli.Output;

namespace AgentGrid.Cli.Commands;

/// <summary><c>health</c>: what the server complains of, mistakes in its configuration included.</summary>
internal static class HealthCommand
{
    public static Command Create(CommandTree tree)
    {
        var command = new Command("health", "Show the server's health, and what is wrong with it or its configuration.");
        tree.Handle(command, async (_, session, cancellationToken) =>
        {
            var json = await session.Server.HealthAsync(cancellationToken);
            var health = json.To<HealthView>()!;
            if (session.Screen.Json)
            {
                session.Screen.Value(json);
            }
            else
            {
                Print(health, session.Screen);
            }
            return health.Status == "ok" ? ExitCode.Ok : ExitCode.NotWell;
        });
        return command;
    }

    private static void Print(HealthView health, Screen screen)
    {
        screen.Line($"status   {health.Status}");
        screen.Line($"engine   {health.Engine} {health.Version}");
        screen.Line(string.Create(
            CultureInfo.InvariantCulture, $"runs     {health.ActiveRuns} active, {health.QueuedRuns} queued"));
        screen.Line(string.Create(
            CultureInfo.InvariantCulture, $"feed     last event {health.LastSeq}, {health.OpenFeeds} open"));
        if (!health.DrainedAgents.IsDefaultOrEmpty)
        {
            screen.Line($"drained  {string.Join(", ", health.DrainedAgents)}");
        }
        screen.Line($"config   read {Show.Time(health.Config.LoadedAt)}");
        foreach (var change in health.Config.Changes.IsDefault ? [] : health.Config.Changes)
        {
            screen.Line($"changed  {change}");
        }
        // What the server says of its files in a sentence is not said again.
        var inFiles = health.Config.Problems.Where(p => !health.Problems.Any(h => h.Contains(p.ToString(), StringComparison.Ordinal)));
        foreach (var problem in health.Problems.Concat(inFiles.Select(ProblemText.Of)))
        {
            screen.Line($"problem  {problem}");
        }
    }
}
