using System.CommandLine;
using System.Text.Json;
using AgentGrid.Cli.Client;
using AgentGrid.Core;

namespace AgentGrid.Cli.Commands;

/// <summary><c>signal</c> and <c>approve</c>: what steps of a run wait for.</summary>
internal static class SignalCommand
{
    public static Command Create(CommandTree tree)
    {
        var (run, key) = (Run(), Key());
        var name = new Argument<string>("name") { Description = "The signal's name, as in the plan." };
        var data = new Option<string?>("--data")
        {
            Description = "The signal's data as JSON; '-' reads standard input. [default: null]",
            HelpName = "json",
        };
        var command = new Command("signal", "Send a run the signal that one of its steps waits for.") { run, name, data, key };
        tree.HandleChange(command, async (parsed, session, cancellationToken) =>
        {
            var body = await JsonOfAsync(parsed.GetValue(data), "--data", session, cancellationToken);
            return await SendAsync(
                session, parsed.GetRequiredValue(run), $"signals/{GridServer.Segment(parsed.GetRequiredValue(name))}", body,
                parsed.GetValue(key), cancellationToken);
        });
        return command;
    }

    public static Command CreateApprove(CommandTree tree)
    {
        var (run, key) = (Run(), Key());
        var step = new Argument<string>("step") { Description = "The step that waits for a decision." };
        var reject = new Option<bool>("--reject") { Description = "Reject it instead: the step fails." };
        var comment = new Option<string?>("--comment") { Description = "Why; kept with the run.", HelpName = "text" };
        var values = new Option<string?>("--values")
        {
            Description = "What the step's form asks for, as a JSON object; '-' reads standard input.",
            HelpName = "json",
        };
        var command = new Command("approve", "Approve or reject a step that waits for a decision.")
        {
            run, step, reject, comment, values, key,
        };
        tree.HandleChange(command, async (parsed, session, cancellationToken) =>
        {
            var filledIn = await JsonOfAsync(parsed.GetValue(values), "--values", session, cancellationToken);
            var body = Json.From(new { approved = !parsed.GetValue(reject), comment = parsed.GetValue(comment), values = filledIn });
            return await SendAsync(
                session, parsed.GetRequiredValue(run), $"approvals/{GridServer.Segment(parsed.GetRequiredValue(step))}", body,
                parsed.GetValue(key), cancellationToken);
        });
        return command;
    }

    private static async Task<int> SendAsync(
        Session session, string run, string path, Json? body, string? key, CancellationToken cancellationToken)
    {
        var id = await session.Server.ResolveAsync(run, cancellationToken);
        var json = await session.Server.PostAsync(
            $"api/v1/runs/{GridServer.Segment(id)}/{path}", body, cancellationToken, key: key);
        if (session.Screen.Json)
        {
            session.Screen.Value(json);
            return ExitCode.Ok;
        }
        var answer = json.To<CommandView>()!;
        session.Screen.Line($"{answer.Run.RunId}  {answer.Run.State}{(answer.Changed ? "" : "  (already received)")}");
        return ExitCode.Ok;
    }

    private static Argument<string> Run() => new("run") { Description = "The run: its id, or its key as match_id/round." };

    private static Option<string?> Key() => new("--key")
    {
        Description = "Makes it safe to repeat: the same key is taken once.",
        HelpName = "text",
    };

    private static async Task<Json?> JsonOfAsync(
        string? text, string option, Session session, CancellationToken cancellationToken)
    {
        if (text == "-")
        {
            text = await Files.ReadAsync("Standard input", () => session.Around.In, cancellationToken);
            option = "Standard input";
        }
        return text is null ? null : Files.Parse(option, text);
    }
}
