namespace AgentGrid.Engine.Driving;

/// <summary>A run as a queue of runs sees it.</summary>
public interface IQueuedRun
{
    /// <summary>Higher is admitted first.</summary>
    int Priority { get; }

    /// <summary>Who posted it, for fairness; null for nobody in particular.</summary>
    string? Tenant { get; }

    /// <summary>Those that it is counted with; null for none.</summary>
    GroupPlace? Group { get; }

    /// <summary>It is the run's turn. Called outside any lock.</summary>
    void Start();

    /// <summary>Another of its group takes its place: it is to be cancelled. Called outside any lock, again and again.</summary>
    void YieldTo(GroupPlace other);
}
