namespace AgentGrid.Engine.Durations;

/// <summary>How long the attempts of one agent take, whatever their step. Guarded by its owner.</summary>
internal sealed class AgentDurations
{
    private const int MostNodes = 64;

    private readonly Dictionary<string, DecayedHistogram> _byNode = new(StringComparer.Ordinal);

    /// <summary>Of attempts that found the agent warm, on any node.</summary>
    public DecayedHistogram Warm { get; } = new();

    /// <summary>Of those that did not.</summary>
    public DecayedHistogram Cold { get; } = new();

    /// <summary>Of warm ones on one node; null when there are none.</summary>
    public DecayedHistogram? On(string node) => _byNode.GetValueOrDefault(node);

    public void Add(string node, double seconds)
    {
        Warm.Add(seconds);
        if (!_byNode.TryGetValue(node, out var onNode))
        {
            if (_byNode.Count >= MostNodes)
            {
                _byNode.Clear(); // nodes come and go under new names
            }
            _byNode.Add(node, onNode = new DecayedHistogram());
        }
        onNode.Add(seconds);
    }
}
