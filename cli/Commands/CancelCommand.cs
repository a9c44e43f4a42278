using System.CommandLine;
using AgentGrid.Cli.Client;
using AgentGrid.Core;

namespace AgentGrid.Cli.Commands;

/// <summary><c>cancel</c>: asks runs to end.</summary>
internal static class CancelCommand
{
    public static Command Create(CommandTree tree)
    {
        var runs = Arguments.Runs();
        var reason = new Option<string?>("--reason") { Description = "Why; kept with the run.", HelpName = "text" };
        var command = new Command("cancel", "Cancel runs. The first refusal ends it.") { runs, reason };
        tree.Handle(command, async (parsed, session, cancellationToken) =>
        {
            var body = parsed.GetValue(reason) is { } why
                ? Json.Build(writer =>
                {
                    writer.WriteStartObject();
                    writer.WriteString("reason", why);
                    writer.WriteEndObject();
                })
                : null;
            foreach (var run in parsed.GetRequiredValue(runs))
            {
                var id = await session.Server.ResolveAsync(run, cancellationToken);
                var json = await session.Server.PostAsync(
                    $"api/v1/runs/{Uri.EscapeDataString(id)}/cancel", body, cancellationToken);
                if (session.Screen.Json)
                {
                    session.Screen.Value(json);
                    continue;
                }
                var answer = json.To<CommandView>()!;
                session.Screen.Line(
                    $"{answer.Run.RunId}  {answer.Run.Status}{(answer.Changed ? "" : "  (it was already)")}");
            }
            return ExitCode.Ok;
        });
        return command;
    }
}
