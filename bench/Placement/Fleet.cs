using System.Collections.Immutable;
using System.Globalization;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;

namespace AgentGrid.Bench.Placement;

/// <summary>GPUs of one kind: a queue of the grid.</summary>
/// <param name="Gpus">How many there are; a multiple of <see cref="Fleet.GpusPerNode"/>.</param>
internal sealed record GpuKind(string Name, int Gpus, int MemoryGb, int Models);

/// <summary>A model that attempts are asked of: an agent. One that is loaded fills more than half of a GPU, so a GPU holds one.</summary>
/// <param name="LoadTime">A cold start.</param>
/// <param name="Share">Of the attempts of its kind; all of a kind make 1.</param>
internal sealed record Model(int Index, string Name, GpuKind Kind, int MemoryGb, TimeSpan LoadTime, double Share);

/// <summary>One node.</summary>
internal sealed record FleetNode(int Index, string Name, GpuKind Kind);

/// <summary>The hardware, and the models that run on it.</summary>
internal sealed class Fleet
{
    public const int GpusPerNode = 8;

    private const long Gigabyte = 1L << 30;
    private const double GigabytesPerSecond = 10;

    // How unequal the models of a kind are asked for, as Zipf has it.
    private const double Skew = 0.9;

    /// <param name="gpus">About how many, of four kinds.</param>
    /// <param name="modelsPerKind">Null for 60 in all, more of the small ones.</param>
    public Fleet(int gpus, int? modelsPerKind = null)
    {
        Kinds =
        [
            Kind("l4", 24, 0.32, 20), Kind("l40s", 48, 0.28, 16), Kind("a100", 80, 0.24, 12), Kind("h100", 96, 0.16, 12),
        ];
        Models = [.. Kinds.SelectMany(ModelsOf).Select((m, i) => m with { Index = i })];
        Nodes =
        [
            .. Kinds.SelectMany(k => Enumerable.Range(0, k.Gpus / GpusPerNode).Select(i => (Kind: k, i)))
                .Select((n, i) => new FleetNode(i, string.Create(CultureInfo.InvariantCulture, $"{n.Kind.Name}-{n.i:0000}"), n.Kind)),
        ];
        Config = new GridConfig
        {
            Queues = Kinds.ToImmutableSortedDictionary(k => k.Name, k => new QueueConfig(k.Name, GpusPerNode), StringComparer.Ordinal),
            Agents = Models.ToImmutableSortedDictionary(m => m.Name, m => new AgentConfig
            {
                Name = m.Name,
                Queue = m.Kind.Name,
                MaxConcurrency = GpusPerNode,
                Resources = new AgentResources(m.MemoryGb * Gigabyte),
                Capabilities = [m.Name],
            }, StringComparer.Ordinal),
        };

        GpuKind Kind(string name, int memory, double share, int models) => new(
            name, Math.Max(1, (int)Math.Round(gpus * share / GpusPerNode)) * GpusPerNode, memory, modelsPerKind ?? models);
    }

    public ImmutableArray<GpuKind> Kinds { get; }
    public ImmutableArray<Model> Models { get; }
    public ImmutableArray<FleetNode> Nodes { get; }
    public GridConfig Config { get; }
    public int Gpus => Nodes.Length * GpusPerNode;

    private static IEnumerable<Model> ModelsOf(GpuKind kind)
    {
        var weights = Enumerable.Range(1, kind.Models).Select(i => Math.Pow(i, -Skew)).ToArray();
        for (var i = 0; i < kind.Models; i++)
        {
            // From just over half of a GPU to nearly all of it, small and large ones mixed.
            var memory = kind.MemoryGb / 2 + 1 + i * 7 % kind.Models * (kind.MemoryGb / 2 - 2) / kind.Models;
            yield return new Model(
                0, $"{kind.Name}-m{i}", kind, memory, TimeSpan.FromSeconds(memory / GigabytesPerSecond), weights[i] / weights.Sum());
        }
    }
}
