using System.CommandLine;
using System.Globalization;
using AgentGrid.Cli.Client;
using AgentGrid.Core;

namespace AgentGrid.Cli.Commands;

/// <summary><c>plans</c>: what plans there are, or what one of them says.</summary>
internal static class PlansCommand
{
    public static Command Create(CommandTree tree)
    {
        var name = new Argument<string?>("plan")
        {
            Description = "Print the definition of this plan.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var command = new Command("plans", "List plans, or print the definition of one.") { name };
        tree.Handle(command, async (parsed, session, cancellationToken) =>
        {
            var json = await session.Server.GetAsync("api/v1/plans", cancellationToken);
            var plans = json.To<PlanList>()!.Plans;
            if (parsed.GetValue(name) is { } wanted)
            {
                PrintOne(session, json, plans.Select(p => p.Name).ToList().IndexOf(wanted), wanted);
            }
            else if (session.Screen.Json)
            {
                session.Screen.Value(json);
            }
            else
            {
                session.Screen.Table(["plan", "version", "default", "steps"], plans.Select(Row));
            }
            return ExitCode.Ok;
        });
        return command;
    }

    private static void PrintOne(Session session, Json json, int index, string wanted)
    {
        if (index < 0)
        {
            throw new CliException(ExitCode.Refused, $"The server has no plan '{wanted}'.");
        }
        var plan = json.Element.GetProperty("plans")[index];
        if (session.Screen.Json)
        {
            session.Screen.Value(Json.From(plan));
            return;
        }
        session.Screen.Indented(Json.From(plan.GetProperty("definition")));
    }

    private static object[] Row(PlanView plan) =>
    [
        plan.Name, plan.Version, plan.IsDefault ? "yes" : "",
        plan.Definition.Element.GetProperty("steps").EnumerateObject().Count().ToString(CultureInfo.InvariantCulture),
    ];
}
