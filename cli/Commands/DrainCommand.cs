using System.CommandLine;
using AgentGrid.Cli.Client;

namespace AgentGrid.Cli.Commands;

/// <summary><c>drain</c> and <c>undrain</c>: lets agents take no further attempts, or take them again.</summary>
internal static class DrainCommand
{
    public static Command Create(CommandTree tree) =>
        Create(tree, "drain", "Stop giving agents new attempts; running ones continue.");

    public static Command CreateUndrain(CommandTree tree) =>
        Create(tree, "undrain", "Let drained agents take attempts again.");

    private static Command Create(CommandTree tree, string verb, string description)
    {
        var agents = new Argument<string[]>("agent") { Description = "Names.", Arity = ArgumentArity.OneOrMore };
        var command = new Command(verb, description) { agents };
        tree.HandleChange(command, async (parsed, session, cancellationToken) =>
        {
            foreach (var agent in parsed.GetRequiredValue(agents))
            {
                var json = await session.Server.PostAsync(
                    $"api/v1/agents/{GridServer.Segment(agent)}/{verb}", null, cancellationToken);
                if (session.Screen.Json)
                {
                    session.Screen.Value(json);
                    continue;
                }
                var answer = json.To<AgentView>()!;
                session.Screen.Line($"{answer.Name}  {(answer.Drained ? "drained" : "takes attempts")}");
            }
            return ExitCode.Ok;
        });
        return command;
    }
}
