using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Engine.Slots;
using AgentGrid.GrainInterfaces.Agents;
using AgentGrid.Grains.Nodes;

namespace AgentGrid.Grains.Dispatch;

/// <summary>
/// The nodes that have reported. One that falls silent gets nothing more, and is gone when the cluster says that its
/// silo is dead: what runs on it holds its slots until then.
/// </summary>
internal sealed class ClusterNodes(ISiloStatusOracle silos, TimeProvider time, TimeSpan silence)
{
    private readonly Dictionary<string, Entry> _byName = new(StringComparer.Ordinal);

    public int Count => _byName.Count;

    /// <summary>Takes a node's word on itself.</summary>
    /// <param name="replaced">Another process had the name before.</param>
    /// <returns>False when it is the word of a silo that is dead, or not the newest of its name.</returns>
    public bool Take(NodeReport report, out bool replaced)
    {
        replaced = false;
        if (silos.GetApproximateSiloStatus(report.Silo) == SiloStatus.Dead)
        {
            return false;
        }
        if (_byName.TryGetValue(report.Node, out var known) && !known.Report.Silo.Equals(report.Silo))
        {
            if (report.Silo.Generation < known.Report.Silo.Generation)
            {
                return false;
            }
            replaced = true;
        }
        _byName[report.Node] = new Entry(report, time.GetTimestamp(), IsSilent: false);
        return true;
    }

    /// <summary>Takes those out whose silos are not alive any more.</summary>
    public IReadOnlyList<string> RemoveDead()
    {
        string[] gone =
        [
            .. _byName.Values.Where(IsGone).Select(e => e.Report.Node),
        ];
        foreach (var node in gone)
        {
            _byName.Remove(node);
        }
        return gone;
    }

    /// <summary>
    /// Somebody has found the node gone, and the cluster has not told this silo yet: it takes nothing until it is heard
    /// of again. Else an attempt could be sent there time and again.
    /// </summary>
    /// <returns>The node as one that takes nothing; null when it takes nothing anyway.</returns>
    public NodeState? Suspect(string node)
    {
        if (!_byName.TryGetValue(node, out var entry) || entry.IsSilent)
        {
            return null;
        }
        _byName[node] = entry with { IsSilent = true };
        return StateOf(entry.Report with { Draining = true });
    }

    /// <summary>Those that have just fallen silent, as nodes that take nothing.</summary>
    public IReadOnlyList<NodeState> MarkSilent()
    {
        Entry[] silent =
        [
            .. _byName.Values.Where(e => !e.IsSilent && time.GetElapsedTime(e.SeenAt) > silence),
        ];
        foreach (var entry in silent)
        {
            _byName[entry.Report.Node] = entry with { IsSilent = true };
        }
        return [.. silent.Select(e => StateOf(e.Report with { Draining = true }))];
    }

    /// <summary>The names of those that take attempts.</summary>
    public IEnumerable<string> Available() =>
        _byName.Values.Where(e => !e.IsSilent && !e.Report.Draining && e.Report.Queues is not { IsEmpty: true })
            .Select(e => e.Report.Node).Order(StringComparer.Ordinal);

    public ImmutableArray<NodeDetails> Describe(IEnumerable<NodeUsage> use, DateTimeOffset now) =>
    [
        .. use.Where(u => _byName.ContainsKey(u.State.Name)).Select(u =>
        {
            var entry = _byName[u.State.Name];
            return u.Describe(now - time.GetElapsedTime(entry.SeenAt)) with
            {
                Draining = entry.Report.Draining,
                Silent = entry.IsSilent,
            };
        }),
    ];

    public static NodeState StateOf(NodeReport report) => new()
    {
        Name = report.Node,
        Queues = report.Queues,
        Gpus = GpuStates.Of(report.Gpus),
        Agents = report.Agents,
        Draining = report.Draining,
        WarmAgents = report.WarmAgents,
        Labels = report.Labels?.To<Labels>(),
    };

    // One that nobody here has heard of may have joined just now: it is gone when it is silent as well.
    private bool IsGone(Entry entry) => silos.GetApproximateSiloStatus(entry.Report.Silo) switch
    {
        SiloStatus.Dead => true,
        SiloStatus.None => entry.IsSilent,
        _ => false,
    };

    private sealed record Entry(NodeReport Report, long SeenAt, bool IsSilent);
}
