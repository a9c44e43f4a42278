using System.CommandLine;
using System.Globalization;
using AgentGrid.Agents.Perception;
using AgentGrid.Cli.Output;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Engine.Libraries;
using AgentGrid.Kinds;

namespace AgentGrid.Cli.Commands;

/// <summary><c>validate</c>: reads configuration as a server would, without one.</summary>
internal static class ValidateCommand
{
    public static Command Create(CommandTree tree)
    {
        var paths = new Argument<string[]>("path")
        {
            Description = "Configuration folders, or single files: agents.yaml, schedules.yaml, plans, inline plans. [default: config]",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var agents = new Option<string[]>("--agents")
        {
            Description = "A library with agents, besides the built-in ones; can be given more than once.",
            HelpName = "dll",
        };
        var command = new Command("validate", "Check agents.yaml and plans, without a server.")
        {
            paths, agents,
        };
        tree.Handle(command, async (parsed, session, cancellationToken) =>
        {
            var catalog = Discover(parsed.GetValue(agents) ?? []);
            var named = parsed.GetValue(paths) is { Length: > 0 } given ? given : ["config"];
            var checks = new ConfigCheck(catalog);
            foreach (var path in named)
            {
                await checks.AddAsync(path, cancellationToken);
            }
            return Print(session.Screen, checks.Run());
        });
        return command;
    }

    private static AgentCatalog Discover(IReadOnlyCollection<string> libraries)
    {
        try
        {
            return AgentCatalog.Discover([typeof(PerceptionAgent).Assembly, .. libraries.Select(path => AgentLibrary.Load(path).Assembly)])
                .With(ShippedKinds.Create());
        }
        catch (Exception e) when (e is InvalidOperationException or AgentSetupException)
        {
            throw new CliException(ExitCode.Usage, e.Message, e);
        }
    }

    private static int Print(Screen screen, CheckReport report)
    {
        if (screen.Json)
        {
            screen.Value(Json.From(report));
        }
        else
        {
            foreach (var problem in report.Problems)
            {
                screen.Line(ProblemText.Of(problem));
            }
            foreach (var warning in report.Warnings)
            {
                screen.Line(ProblemText.OfWarning(warning));
            }
            screen.Note(string.Create(
                CultureInfo.InvariantCulture,
                $"files: {report.Files}, mistakes: {report.Problems.Length}, warnings: {report.Warnings.Length}"));
        }
        return report.Valid ? ExitCode.Ok : ExitCode.Usage;
    }
}
