using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Grid;
using AgentGrid.Embedded;
using AgentGrid.Embedded.Journal;
using AgentGrid.Simulation.History;
using AgentGrid.Simulation.WhatIf;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace AgentGrid.Simulation.Tests.WhatIf;

/// <summary>The embedded engine over a journal of its own, and what that journal would have been otherwise.</summary>
internal sealed class MeasuredGrid(string folder, IReadOnlyList<IAgent> agents, string agentsYaml, string plansYaml)
{
    public GridConfig Config { get; } = Read(CatalogOf(agents), agentsYaml, plansYaml);

    private string Data => Path.Combine(folder, "data");

    /// <summary>Starts an engine, has it do something, and stops it.</summary>
    public async Task RunAsync(Func<IAgentGrid, Task> work)
    {
        var config = Path.Combine(folder, "config");
        Directory.CreateDirectory(Path.Combine(config, "plans"));
        await File.WriteAllTextAsync(Path.Combine(config, "agents.yaml"), agentsYaml);
        await File.WriteAllTextAsync(Path.Combine(config, "plans", "plans.yaml"), plansYaml);
        var options = new EmbeddedOptions { Data = Data, Config = config, MaxQueuedRuns = 1_000_000, Synchronous = JournalSync.Normal };
        using var grid = new EmbeddedGrid(
            Options.Create(options), CatalogOf(agents), declared => agents.Single(a => a.GetType() == declared.Type),
            TimeProvider.System, NullLogger<EmbeddedGrid>.Instance);
        await grid.StartAsync(CancellationToken.None);
        await work(grid);
        await grid.StopAsync(CancellationToken.None);
    }

    /// <summary>Replays the journal.</summary>
    public async Task<WhatIfReport> WhatIfAsync(WhatIfOptions options)
    {
        using var journal = JournalHistory.Open(Data);
        return await new WhatIfReplay(options).RunAsync(RecordedAsync(journal), CancellationToken.None);
    }

    public static GridConfig Read(AgentCatalog catalog, string agentsYaml, string plansYaml)
    {
        var read = ConfigReader.Read([new ConfigFile("agents.yaml", agentsYaml), new ConfigFile("plans/plans.yaml", plansYaml)], catalog);
        return read.Config ?? throw new InvalidOperationException(string.Join('\n', read.Problems));
    }

    private static AgentCatalog CatalogOf(IEnumerable<IAgent> agents) => AgentCatalog.Of([.. agents.Select(static a => a.GetType())]);

    private static async IAsyncEnumerable<RecordedRun> RecordedAsync(JournalHistory journal)
    {
        await foreach (var run in journal.ReadAsync(since: null, plan: null))
        {
            yield return RecordedOf(run);
        }
    }

    private static RecordedRun RecordedOf(HistoricalRun run) => RecordedRun.Of(run.Run, run.Children.Select(RecordedOf));
}
