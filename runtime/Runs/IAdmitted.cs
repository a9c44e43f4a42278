namespace AgentGrid.Runtime.Runs;

/// <summary>A run as the <see cref="Admission"/> queue sees it.</summary>
public interface IAdmitted
{
    /// <summary>Higher is admitted first.</summary>
    int Priority { get; }

    /// <summary>Who posted it, for fairness; null for nobody in particular.</summary>
    string? Tenant { get; }

    /// <summary>It is the run's turn. Called outside any lock.</summary>
    void Start();
}
