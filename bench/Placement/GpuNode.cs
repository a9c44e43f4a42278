using AgentGrid.Engine.Dispatch;
using AgentGrid.Engine.Slots;

namespace AgentGrid.Bench.Placement;

/// <summary>A node as it is played: which model each of its GPUs has loaded, and what it reports.</summary>
internal sealed class GpuNode(FleetNode node)
{
    private readonly Model?[] _loaded = new Model?[Fleet.GpusPerNode];
    private readonly Dictionary<string, ReportedSlot> _held = new(StringComparer.Ordinal);

    public FleetNode Node { get; } = node;
    public string Name => Node.Name;

    /// <summary>It is dead, and says nothing.</summary>
    public bool IsDead { get; private set; }

    /// <summary>How often it has died. What was sent to a former life is lost.</summary>
    public int Lives { get; private set; }

    /// <summary>An attempt begins; the model that was there makes room.</summary>
    /// <returns>Whether its model has to be loaded.</returns>
    public bool Start(string key, Model model, int gpu)
    {
        _held.Add(key, new ReportedSlot(key, model.Name, gpu));
        var isCold = _loaded[gpu] != model;
        _loaded[gpu] = model;
        return isCold;
    }

    public void End(string key) => _held.Remove(key);

    public void Die() => (IsDead, Lives) = (true, Lives + 1);

    /// <summary>It comes back, with nothing loaded.</summary>
    public void Return()
    {
        IsDead = false;
        _held.Clear();
        Array.Clear(_loaded);
    }

    /// <param name="owned">The GPUs of a shard, as bits.</param>
    public NodeState State(int owned, bool isSilent = false) => new()
    {
        Name = Name,
        Queues = [Node.Kind.Name],
        Gpus =
        [
            .. Enumerable.Range(0, Fleet.GpusPerNode).Where(g => (owned >> g & 1) != 0).Select(g =>
                new GpuState(g, Node.Kind.Name, (long)Node.Kind.MemoryGb << 30, 0) { WarmAgents = _loaded[g] is { } m ? [m.Name] : [] }),
        ],
        WarmAgents = [.. _loaded.Where((m, g) => m is not null && (owned >> g & 1) != 0).Select(static m => m!.Name).Distinct()],
        Draining = isSilent,
    };

    public IReadOnlyList<ReportedSlot> Held(int owned) => [.. _held.Values.Where(h => (owned >> h.Gpu!.Value & 1) != 0)];
}
