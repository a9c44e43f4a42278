using System.CommandLine;
using AgentGrid.Cli.Client;
using AgentGrid.Cli.Output;

namespace AgentGrid.Cli.Commands;

/// <summary><c>schedules</c>: what runs at set times.</summary>
internal static class SchedulesCommand
{
    public static Command Create(CommandTree tree)
    {
        var command = new Command("schedules", "List schedules, with the next tick and the last run of each.");
        tree.Handle(command, async (_, session, cancellationToken) =>
        {
            var json = await session.Server.GetAsync("api/v1/schedules", cancellationToken);
            if (session.Screen.Json)
            {
                session.Screen.Value(json);
                return ExitCode.Ok;
            }
            session.Screen.Table(
                ["schedule", "times", "plan", "next", "last run", "status"],
                json.To<ScheduleList>()!.Schedules.Select(static s => new object[]
                {
                    s.Name, $"{s.Cron} ({s.TimeZone})", s.Plan, s.Paused ? "paused" : Show.Time(s.NextTick),
                    s.LastRun?.Round ?? Show.Nothing, Show.Status(s.LastRun?.State ?? Show.Nothing),
                }));
            return ExitCode.Ok;
        });
        return command;
    }
}
