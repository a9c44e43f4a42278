using System.CommandLine;
using AgentGrid.Cli.Client;
using AgentGrid.Cli.Output;
using AgentGrid.Core;

namespace AgentGrid.Cli.Commands;

/// <summary><c>route</c>: which agent would get an attempt now, and why; starts nothing.</summary>
internal static class RouteCommand
{
    public static Command Create(CommandTree tree)
    {
        var capabilities = new Argument<string[]>("capability")
        {
            Description = "The capabilities to ask for; any of them will do.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var agent = new Option<string?>("--agent") { Description = "One agent by name, instead of capabilities.", HelpName = "name" };
        var within = Arguments.Duration("--within", "The time that an attempt has; agents that are known to need longer come last (default: the timeout of each).",
            TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(365));
        var prefer = Arguments.Labels("The labels of agents and nodes that come first, as a step prefers them; again for another one.", "--prefer");
        var command = new Command("route", "Ask the router which agent would get an attempt now, and why.")
        {
            capabilities, agent, prefer, within,
        };
        command.Validators.Add(result =>
        {
            var listed = result.GetResult(capabilities)?.Tokens.Count ?? 0;
            if (listed > 0 == result.GetResult(agent) is not null)
            {
                result.AddError("name capabilities, or one agent with --agent.");
            }
            if (result.GetResult(agent) is not null && result.GetResult(prefer) is not null)
            {
                result.AddError("--prefer chooses among agents, and --agent names one: leave one of them out.");
            }
        });
        tree.Handle(command, async (parsed, session, cancellationToken) =>
        {
            var question = Json.Build(writer =>
            {
                writer.WriteStartObject();
                if (parsed.GetValue(agent) is { } named)
                {
                    writer.WriteString("agent", named);
                }
                else
                {
                    writer.WriteStartArray("capability");
                    foreach (var capability in parsed.GetRequiredValue(capabilities))
                    {
                        writer.WriteStringValue(capability);
                    }
                    writer.WriteEndArray();
                }
                if (parsed.GetValue(prefer) is { } labels)
                {
                    writer.WritePropertyName("prefer");
                    Json.From(labels).WriteTo(writer);
                }
                if (parsed.GetValue(within) is { } time)
                {
                    writer.WriteNumber("within_seconds", time.TotalSeconds);
                }
                writer.WriteEndObject();
            });
            var json = await session.Server.PostAsync("api/v1/route", question, cancellationToken);
            var decision = json.To<DecisionView>()!;
            Print(session.Screen, json, decision);
            return decision.Agent is null ? ExitCode.Refused : ExitCode.Ok;
        });
        return command;
    }

    private static void Print(Screen screen, Json json, DecisionView decision)
    {
        if (screen.Json)
        {
            screen.Value(json);
            return;
        }
        screen.Line(decision.Agent is null ? decision.Why : $"{decision.Agent}: {decision.Why}");
        if (!decision.Candidates.IsDefaultOrEmpty)
        {
            DecisionTable.Print(screen, decision);
        }
    }
}
