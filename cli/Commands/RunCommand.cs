using System.CommandLine;
using AgentGrid.Cli.Client;
using AgentGrid.Cli.Output;
using AgentGrid.Core.Documents;

namespace AgentGrid.Cli.Commands;

/// <summary><c>run</c>: starts a run, or finds it, and can wait for it.</summary>
internal static class RunCommand
{
    public static Command Create(CommandTree tree)
    {
        var file = new Argument<string>("snapshot")
        {
            Description = "A JSON file: a request (match_id, round, grid_snapshot, ...) or a snapshot alone; - for " +
                "standard input.",
        };
        var match = new Option<string?>("--match") { Description = "The match_id; overrides the file's.", HelpName = "id" };
        var round = new Option<string?>("--round") { Description = "The round; overrides the file's.", HelpName = "id" };
        var plan = new Option<string?>("--plan")
        {
            Description = "The name of a plan of the server, or a YAML or JSON file with a plan.",
            HelpName = "name|file",
        };
        var priority = new Option<int?>("--priority")
        {
            Description = "-100 to 100; higher is served first.",
            HelpName = "n",
        };
        var label = Arguments.Labels("A label for the run; repeat it for several.");
        var startAt = Arguments.Time("--start-at", "Start at this time, at most 366 days from now.");
        var delay = Arguments.Duration("--delay", "Start after this time, at most 365d.", TimeSpan.Zero, DurationText.Max);
        var (wait, timeout) = (Arguments.Wait(), Arguments.Timeout());
        var command = new Command("run", "Start a run, or find the one that the same request started.")
        {
            file, match, round, plan, priority, label, startAt, delay, wait, timeout,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(startAt) is not null && result.GetResult(delay) is not null)
            {
                result.AddError("--start-at and --delay both say when it starts: leave one of them out.");
            }
        });
        command.Needs(timeout, wait);
        tree.HandleChange(command, async (parsed, session, cancellationToken) =>
        {
            var body = await new RunBody(
                parsed.GetRequiredValue(file), parsed.GetValue(match), parsed.GetValue(round), parsed.GetValue(plan),
                parsed.GetValue(priority), parsed.GetValue(startAt), parsed.GetValue(delay), parsed.GetValue(label))
                .ComposeAsync(session.Around.In, cancellationToken);
            using var waiting = new Waiting(session, parsed.GetValue(timeout), cancellationToken);
            var json = await waiting.BeginAsync(token => session.Server.PostAsync("api/v1/orchestrate", body, token));
            var answer = json.To<RunAnswer>()!;
            if (parsed.GetValue(wait))
            {
                return await waiting.EndAsync(answer.RunId, after: 0);
            }
            if (session.Screen.Json)
            {
                session.Screen.Value(json);
                return ExitCode.Ok;
            }
            session.Screen.Line(
                $"{answer.RunId}  {answer.MatchId}/{answer.Round}  {answer.Plan}@{answer.PlanVersion}  " +
                answer.Status + (answer.Status == "scheduled" ? $" for {Show.Time(answer.StartsAt)}" : "") +
                (answer.Replayed ? "  (already posted)" : ""));
            session.Screen.Note($"Watch it: agentgrid watch {answer.RunId}");
            return ExitCode.Ok;
        });
        return command;
    }
}
