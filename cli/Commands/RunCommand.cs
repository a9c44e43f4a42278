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
        var key = new Option<string?>("--key")
        {
            Description = "The run's key in one text, such as article-17; the file is its input, and nothing else.",
            HelpName = "key",
        };
        var plan = new Option<string?>("--plan")
        {
            Description = "The name of a plan of the server, or a YAML or JSON file with a plan.",
            HelpName = "name|file",
        };
        var priority = Arguments.Number("--priority", "-100 to 100; higher is served first.", -100, 100);
        var label = Arguments.Labels("A label for the run; repeat it for several.");
        var startAt = Arguments.Time("--start-at", "Start at this time, at most 366 days from now.");
        var delay = Arguments.Duration("--delay", "Start after this time, at most 365d.", TimeSpan.Zero, DurationText.Max);
        var onConflict = new Option<string?>("--on-conflict")
        {
            Description = "Where a run with another input has the key: fail (the default), use_existing (that run), or supersede (cancel " +
                "it, and start this one in its place).",
        };
        var webhook = new Option<string[]?>("--webhook")
        {
            Description = "An address that is told how the run ends, in place of the file's; repeat it for several.",
            HelpName = "url",
        };
        onConflict.AcceptOnlyFromAmong("fail", "use_existing", "supersede");
        var (wait, timeout) = (Arguments.Wait(), Arguments.Timeout());
        var command = new Command("run", "Start a run, or find the one that the same request started.")
        {
            file, key, match, round, plan, priority, label, startAt, delay, onConflict, webhook, wait, timeout,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(startAt) is not null && result.GetResult(delay) is not null)
            {
                result.AddError("--start-at and --delay both say when it starts: leave one of them out.");
            }
            if (result.GetResult(key) is not null && (result.GetResult(match) ?? result.GetResult(round)) is not null)
            {
                result.AddError("--key says both --match and --round: leave them out, or it.");
            }
        });
        command.Needs(timeout, wait);
        tree.HandleChange(command, async (parsed, session, cancellationToken) =>
        {
            var request = new RunBody(
                parsed.GetRequiredValue(file), parsed.GetValue(match), parsed.GetValue(round), parsed.GetValue(plan),
                parsed.GetValue(priority), parsed.GetValue(startAt), parsed.GetValue(delay), parsed.GetValue(label),
                parsed.GetValue(onConflict), parsed.GetValue(key),
                parsed.GetValue(webhook) is { Length: > 0 } webhooks ? webhooks : null);
            var body = await request.ComposeAsync(session.Around.In, cancellationToken);
            using var waiting = new Waiting(session, parsed.GetValue(timeout), cancellationToken);
            var json = await waiting.BeginAsync(token => session.Server.PostAsync(request.Route, body, token));
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
                (answer.Replayed ? "  (already posted)" : "") +
                (answer.Supersedes is { } superseded ? $"  (supersedes {superseded})" : ""));
            session.Screen.Note($"Watch it: agentgrid watch {answer.RunId}");
            return ExitCode.Ok;
        });
        return command;
    }
}
