using System.CommandLine;
using AgentGrid.Cli.Client;

namespace AgentGrid.Cli.Commands;

/// <summary><c>retry</c>: lets a failed or cancelled run go on from its completed steps.</summary>
internal static class RetryCommand
{
    public static Command Create(CommandTree tree)
    {
        var run = Arguments.Run();
        var (wait, timeout) = (Arguments.Wait(), Arguments.Timeout());
        var command = new Command("retry", "Let a failed or cancelled run go on from its completed steps.")
        {
            run, wait, timeout,
        };
        tree.Handle(command, async (parsed, session, cancellationToken) =>
        {
            var id = await session.Server.ResolveAsync(parsed.GetRequiredValue(run), cancellationToken);
            var before = await session.Feed.LastSeqAsync(cancellationToken);
            var json = await session.Server.PostAsync(
                $"api/v1/runs/{Uri.EscapeDataString(id)}/retry", null, cancellationToken);
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
}
