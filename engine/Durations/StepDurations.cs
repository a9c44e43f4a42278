namespace AgentGrid.Engine.Durations;

/// <summary>How long one step of a plan takes. Guarded by its owner.</summary>
internal sealed class StepDurations
{
    private const int MostAgents = 16;

    private readonly List<(string Name, DecayedHistogram Durations)> _agents = [];

    /// <summary>Of its work: the longest of the attempts that its output is made of; of a wait, how long that took.</summary>
    public RecentTimes Work { get; } = new();

    /// <summary>Of the attempts of one agent in it; null when there are none.</summary>
    public DecayedHistogram? Of(string agent)
    {
        foreach (var (name, durations) in _agents)
        {
            if (name == agent)
            {
                return durations;
            }
        }
        return null;
    }

    /// <summary>One more attempt of an agent.</summary>
    public void Add(string agent, double seconds)
    {
        if (Of(agent) is not { } durations)
        {
            if (_agents.Count == MostAgents)
            {
                _agents.RemoveAt(0);
            }
            _agents.Add((agent, durations = new DecayedHistogram()));
        }
        durations.Add(seconds);
    }
}
