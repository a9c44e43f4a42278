using System.CommandLine;
using System.Globalization;
using AgentGrid.Cli.Output;
using AgentGrid.Core;
using AgentGrid.Simulation.WhatIf;

namespace AgentGrid.Cli.Commands;

/// <summary><c>whatif</c>: what a journal would have been with another configuration, other nodes, another load.</summary>
internal static class WhatIfCommand
{
    private const double MostLoad = 1_000;

    public static Command Create(CommandTree tree)
    {
        var data = Journals.Option("The journal, agentgrid.db or its folder; a server may have it. [default: data]");
        var config = Configuration.Folder("The configuration that is tried.");
        var agents = Configuration.AgentLibraries();
        var nodes = SimulatedNodes.Option("the nodes that the journal names, each for every queue");
        var since = Arguments.Duration(
            "--since", "Only runs that were accepted at most so long before the last one. [default: all]", TimeSpan.FromSeconds(1), TimeSpan.FromDays(365));
        var plan = new Option<string?>("--plan") { Description = "Only runs of this plan.", HelpName = "name" };
        var load = new Option<double>("--load")
        {
            Description = "How many times as fast runs arrive.",
            HelpName = "factor",
            DefaultValueFactory = static _ => 1,
        };
        load.Validators.Add(static result =>
        {
            // What is no number at all has been refused before.
            if (result.Tokens is [var token] && double.TryParse(token.Value, CultureInfo.InvariantCulture, out var factor)
                && factor is not (> 0 and <= MostLoad))
            {
                result.AddError($"--load must be above 0 and at most {MostLoad}.");
            }
        });
        var active = Arguments.Number("--max-active", "How many runs are driven at once, as the server's MaxActiveRuns.", 1, 1_000_000, 1_000);
        var seed = Arguments.Number("--seed", "Decides what is drawn where the journal does not say.", 0, int.MaxValue, 1);
        var command = new Command("whatif", "Replay a journal with another configuration, other nodes or another load. No agent runs.")
        {
            data, config, agents, nodes, since, plan, load, active, seed,
        };
        tree.Handle(command, async (parsed, session, cancellationToken) =>
        {
            var tried = Configuration.Read(parsed.GetRequiredValue(config), parsed.GetValue(agents) ?? []);
            var replay = new WhatIfReplay(new WhatIfOptions
            {
                Config = tried,
                Nodes = await SimulatedNodes.ReadAsync(parsed.GetValue(nodes), tried, cancellationToken),
                Load = parsed.GetValue(load),
                MaxActiveRuns = parsed.GetValue(active),
                Seed = parsed.GetValue(seed),
            });
            using var journal = Journals.Open(parsed.GetValue(data) ?? "data");
            var report = await replay.RunAsync(
                Journals.ReadAsync(journal, parsed.GetValue(since), parsed.GetValue(plan), cancellationToken), cancellationToken);
            return Print(session.Screen, report, journal.Damaged);
        });
        return command;
    }

    private static int Print(Screen screen, WhatIfReport report, int damaged)
    {
        if (damaged > 0)
        {
            screen.Note($"{damaged} damaged runs of the journal were passed over.");
        }
        if (report.Runs == 0 && report.LeftOut.IsEmpty)
        {
            throw CliException.Usage("the journal has no such run: there is nothing to replay.");
        }
        if (screen.Json)
        {
            screen.Value(Json.From(report));
        }
        else
        {
            WhatIfText.Print(screen, report);
        }
        return report.Runs > 0 ? ExitCode.Ok : ExitCode.Usage;
    }
}
