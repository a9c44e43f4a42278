using System.Collections.Immutable;
using System.CommandLine;
using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;
using AgentGrid.Engine.Slots;
using AgentGrid.Simulation.Nodes;

namespace AgentGrid.Cli.Commands;

/// <summary>The nodes of a simulated grid, as a file has them.</summary>
internal static class SimulatedNodes
{
    public static Option<string?> Option(string otherwise) => new("--nodes")
    {
        Description = $"A file with the nodes: queues, agents, GPUs. Without it: {otherwise}.",
        HelpName = "file",
    };

    /// <returns>Null when no file is named.</returns>
    public static async Task<ImmutableArray<NodeState>?> ReadAsync(string? path, GridConfig config, CancellationToken cancellationToken)
    {
        if (path is null)
        {
            return null;
        }
        var (nodes, problems) = NodesReader.Read(new ConfigFile(path, await Files.ReadAsync(path, cancellationToken)), config);
        return problems.IsEmpty
            ? nodes
            : throw CliException.Usage(string.Join('\n', problems.Select(ProblemText.Of).Prepend("the file with the nodes has mistakes:")));
    }
}
