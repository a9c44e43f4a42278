using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;
using AgentGrid.Kinds.Mcp.Servers;

namespace AgentGrid.Kinds.Chat;

/// <summary>What a model may call.</summary>
internal sealed record ToolSettings
{
    private const int MostServers = 32;
    private const int MostCalls = 1_000;

    private static readonly string[] s_keys = ["agents", "mcp", "max_calls"];
    private static readonly string[] s_serverKeys = [.. McpServerSettings.Keys, "only"];

    /// <summary>Agents of the same configuration.</summary>
    public ImmutableArray<CalledAgent> Agents { get; init; } = [];

    /// <summary>Servers of the Model Context Protocol.</summary>
    public ImmutableArray<ToolServer> Servers { get; init; } = [];

    /// <summary>How many calls an attempt may make in all.</summary>
    public int MaxCalls { get; init; } = 10;

    /// <summary>Null when there is nothing, or nothing that can be read.</summary>
    public static ToolSettings? Read(ConfigNode? node, ProblemList problems)
    {
        if (node is null)
        {
            return null;
        }
        var reader = new MappingReader(node, problems, s_keys);
        var settings = new ToolSettings
        {
            Agents = [.. (reader.NameList("agents", "agent name") ?? []).Select(name => new CalledAgent(name, PlaceOf(reader["agents"]!, name)))],
            Servers = ReadServers(reader["mcp"], problems),
        };
        if (node is ConfigNode.Mapping && reader["agents"] is null && reader["mcp"] is null)
        {
            problems.Add(node.Place, ConfigCodes.Missing, "'tools' must say what the model may call: 'agents', 'mcp', or both.");
        }
        return settings with { MaxCalls = reader.Integer("max_calls", 1, MostCalls) ?? settings.MaxCalls };
    }

    private static ConfigPlace PlaceOf(ConfigNode node, string name) =>
        (node as ConfigNode.Sequence)?.Items.FirstOrDefault(i => i is ConfigNode.Scalar x && x.Text == name)?.Place ?? node.Place;

    private static ImmutableArray<ToolServer> ReadServers(ConfigNode? node, ProblemList problems)
    {
        if (node is null)
        {
            return [];
        }
        if (node is not ConfigNode.Sequence { Items.Length: > 0 and <= MostServers } list)
        {
            problems.Add(
                node.Place, ConfigCodes.WrongType,
                $"'mcp': expected a list of 1 to {MostServers} servers, as [{{ url: https://tools.example.com/mcp }}], got {node.Describe()}.");
            return [];
        }
        var servers = ImmutableArray.CreateBuilder<ToolServer>();
        foreach (var item in list.Items)
        {
            var reader = new MappingReader(item, problems, s_serverKeys);
            if (McpServerSettings.Read(reader, problems) is { } server)
            {
                servers.Add(new ToolServer(server, reader.TextList("only", "the name of a tool")));
            }
        }
        return servers.ToImmutable();
    }
}

/// <summary>A server whose tools a model may call.</summary>
/// <param name="Only">The tools that it may call; null for all.</param>
internal sealed record ToolServer(McpServerSettings Settings, ImmutableArray<string>? Only);
