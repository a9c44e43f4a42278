using System.CommandLine;
using AgentGrid.Cli.Client;
using AgentGrid.Cli.Output;
using AgentGrid.Core;
using AgentGrid.Simulation.WhatIf;

namespace AgentGrid.Cli.Commands;

/// <summary><c>whatif</c>: what the runs of a journal or of a server would have been with another configuration, other nodes, another load.</summary>
internal static class WhatIfCommand
{
    private const double MostLoad = 1_000;
    private const int DefaultRuns = 10_000;
    private const int MostRuns = 1_000_000;
    private const string DefaultData = "data";

    public static Command Create(CommandTree tree)
    {
        var data = Journals.Option(
            "A journal, agentgrid.db or its folder; a server may have it. Without it the runs of the server that is named are read, or " +
            $"'{DefaultData}' where none is.");
        var most = Arguments.Number("--most", "How many runs are read of a server, the newest.", 1, MostRuns, DefaultRuns);
        var config = Configuration.Folder("The configuration that is tried.");
        var agents = Configuration.AgentLibraries();
        var nodes = SimulatedNodes.Option("the nodes that the journal names, each for every queue");
        var since = Arguments.Duration(
            "--since", "Only runs that were accepted at most so long before the last one. [default: all]", TimeSpan.FromSeconds(1), TimeSpan.FromDays(365));
        var plan = new Option<string?>("--plan") { Description = "Only runs of this plan.", HelpName = "name" };
        var load = Arguments.Factor("--load", "How many times as fast runs arrive.", MostLoad);
        var active = Arguments.Number("--max-active", "How many runs are driven at once, as the server's MaxActiveRuns.", 1, 1_000_000, 1_000);
        var seed = Arguments.Number("--seed", "Decides what is drawn where the journal does not say.", 0, int.MaxValue, 1);
        var command = new Command("whatif", "Replay the runs of a journal or a server with another configuration, other nodes or another load. No agent runs.")
        {
            data, most, config, agents, nodes, since, plan, load, active, seed,
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
            var (newest, ofPlan) = (parsed.GetValue(since), parsed.GetValue(plan));
            var path = parsed.GetValue(data);
            if (path is null && session.IsServerNamed)
            {
                var history = new ServerHistory(session.Server, parsed.GetValue(most));
                var ofServer = await replay.RunAsync(history.ReadAsync(newest, ofPlan, cancellationToken), cancellationToken);
                if (history.IsCut)
                {
                    session.Screen.Warn(
                        $"the server has more runs than the newest {parsed.GetValue(most)}, which were read: --most reads more, --since or --plan fewer.");
                }
                return Print(session.Screen, ofServer, history.Damaged);
            }
            using var journal = Journals.Open(path ?? DefaultData);
            var report = await replay.RunAsync(Journals.ReadAsync(journal, newest, ofPlan, cancellationToken), cancellationToken);
            return Print(session.Screen, report, journal.Damaged);
        });
        return command;
    }

    private static int Print(Screen screen, WhatIfReport report, int damaged)
    {
        if (damaged > 0)
        {
            screen.Note($"{damaged} damaged runs were passed over.");
        }
        if (report.Runs == 0 && report.LeftOut.IsEmpty)
        {
            throw CliException.Usage("there is no such run: there is nothing to replay.");
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
