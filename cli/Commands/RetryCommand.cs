using System.CommandLine;
using AgentGrid.Cli.Client;
using AgentGrid.Core;

namespace AgentGrid.Cli.Commands;

/// <summary><c>retry</c>: lets an ended run go on, from its completed steps or from a step.</summary>
internal static class RetryCommand
{
    public static Command Create(CommandTree tree)
    {
        var run = Arguments.Run();
        var (wait, timeout) = (Arguments.Wait(), Arguments.Timeout());
        var from = new Option<string?>("--from")
        {
            Description = "Do this step, and those that depend on it, anew; of any ended run.",
            HelpName = "step",
        };
        var command = new Command("retry", "Let a failed or cancelled run go on from its completed steps.")
        {
            run, from, wait, timeout,
        };
        tree.Handle(command, async (parsed, session, cancellationToken) =>
        {
            var id = await session.Server.ResolveAsync(parsed.GetRequiredValue(run), cancellationToken);
            var before = await session.Feed.LastSeqAsync(cancellationToken);
            var json = await session.Server.PostAsync(
                $"api/v1/runs/{Uri.EscapeDataString(id)}/retry", BodyOf(parsed.GetValue(from)), cancellationToken);
            if (parsed.GetValue(wait))
            {
                return await new Waiting(session).WaitAsync(
                    id, before, parsed.GetValue(timeout), cancellationToken);
            }
            if (session.Screen.Json)
            {
                session.Screen.Value(json);
                return ExitCode.Ok;
            }
            var answer = json.To<CommandView>()!;
            session.Screen.Line(
                $"{answer.Run.RunId}  {answer.Run.Status}{(answer.Changed ? "" : "  (it was already)")}");
            return ExitCode.Ok;
        });
        return command;
    }

    private static Json? BodyOf(string? fromStep) => fromStep is null
        ? null
        : Json.Build(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("from_step", fromStep);
            writer.WriteEndObject();
        });
}
