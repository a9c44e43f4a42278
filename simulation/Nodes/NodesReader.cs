using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Plans;
using AgentGrid.Engine.Slots;

namespace AgentGrid.Simulation.Nodes;

/// <summary>
/// Reads the nodes of a simulated grid: <c>nodes: {gpu: {count: 2, queues: [gpu], agents: [...], gpus_mb: [24576], labels: {zone: eu}}}</c>.
/// </summary>
public static class NodesReader
{
    private const int MostOfAKind = 1_000;
    private const long MostMegabytes = 100_000_000;
    private const long BytesPerMegabyte = 1024 * 1024;

    private static readonly string[] s_rootKeys = ["nodes"];
    private static readonly string[] s_nodeKeys = ["count", "queues", "agents", "gpus_mb", "labels"];

    /// <param name="config">With the agents and queues that nodes can name.</param>
    /// <returns>The nodes, and every mistake; none of these where there is no mistake.</returns>
    public static (ImmutableArray<NodeState> Nodes, ImmutableArray<ConfigProblem> Problems) Read(ConfigFile file, GridConfig config)
    {
        var problems = new ProblemList();
        var nodes = ImmutableArray.CreateBuilder<NodeState>();
        var root = new MappingReader(YamlSource.Read(file, problems), problems, s_rootKeys);
        foreach (var entry in new MappingReader(root["nodes"], problems, null).Entries)
        {
            if (!Core.Names.IsValid(entry.Key))
            {
                problems.Add(entry.Place, ConfigCodes.BadName, Core.Names.Problem("node name", entry.Key));
            }
            Read(entry, config, nodes, problems);
        }
        if (nodes.Count == 0 && problems.Count == 0)
        {
            problems.Add(root.Place, ConfigCodes.Missing, "there is no node: expected 'nodes' with a name and what that is, such as nodes: { gpu: { queues: [gpu] } }.");
        }
        return (nodes.ToImmutable(), problems.ToImmutable());
    }

    /// <summary>Which enabled agents no node can run, and why, in sentences.</summary>
    public static IEnumerable<string> Missing(ImmutableArray<NodeState> nodes, GridConfig config) =>
        config.Agents.Values.Where(a => a.Enabled && !nodes.Any(n => n.CouldRun(a)))
            .Select(static a => $"No node can run agent '{a.Name}' (queue '{a.Queue}'): its attempts wait until their runs are given up.");

    private static void Read(ConfigNode.Entry entry, GridConfig config, ImmutableArray<NodeState>.Builder nodes, ProblemList problems)
    {
        var reader = new MappingReader(entry.Value, problems, s_nodeKeys);
        var count = reader.Integer("count", 1, MostOfAKind) ?? 1;
        var queues = reader.NameList("queues", "queue name");
        var agents = reader.NameList("agents", "agent name");
        Check("queues", "queue", queues, config.Queues.Keys);
        Check("agents", "agent", agents, config.Agents.Keys);
        var node = new NodeState { Name = entry.Key, Queues = queues, Agents = agents, Gpus = GpusOf(reader, problems), Labels = LabelsReader.Read(reader, problems) };
        for (var i = 1; i <= count; i++)
        {
            nodes.Add(count == 1 ? node : node with { Name = $"{entry.Key}-{i}" });
        }

        void Check(string key, string what, ImmutableArray<string>? named, IEnumerable<string> known)
        {
            string[] all = [.. known];
            foreach (var name in named?.Where(n => !all.Contains(n)) ?? [])
            {
                problems.Add(
                    reader[key]!.Place, what == "agent" ? ConfigCodes.UnknownAgent : ConfigCodes.UnknownQueue,
                    $"unknown {what} '{name}'{problems.Suggest(name, all)}");
            }
        }
    }

    private static ImmutableArray<GpuState>? GpusOf(MappingReader reader, ProblemList problems)
    {
        switch (reader["gpus_mb"])
        {
            case null:
                return null;
            case ConfigNode.Sequence list:
                var gpus = ImmutableArray.CreateBuilder<GpuState>();
                foreach (var item in list.Items)
                {
                    if (item is ConfigNode.Scalar { Kind: ScalarKind.Number } scalar && long.TryParse(scalar.Text, out var megabytes)
                        && megabytes is > 0 and <= MostMegabytes)
                    {
                        gpus.Add(new GpuState(gpus.Count, "gpu", megabytes * BytesPerMegabyte, 0));
                        continue;
                    }
                    problems.Add(item.Place, ConfigCodes.OutOfRange, $"'gpus_mb': expected the memory of a GPU in MiB, 1 to {MostMegabytes}, came {item.Describe()}.");
                }
                return gpus.ToImmutable();
            case var other:
                problems.Add(other.Place, ConfigCodes.WrongType, $"'gpus_mb': expected a list such as [24576, 24576], came {other.Describe()}.");
                return null;
        }
    }
}
