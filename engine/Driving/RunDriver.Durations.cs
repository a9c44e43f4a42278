using AgentGrid.Engine.Durations;

namespace AgentGrid.Engine.Driving;

// What the run's plan took before, and so which of its steps hold up most.
public sealed partial class RunDriver
{
    private PlanDurations? _durations;
    private double[]? _paths;
    private bool _hasPaths;

    /// <summary>
    /// The longest path that the attempts of a step hold up, in seconds that can be compared with those of the run's other steps.
    /// </summary>
    internal double LongestPath(int step) => Paths is { } paths ? paths[step] : _state.Plan.LongestPaths[step];

    // By the plan that the run was accepted with, which never changes.
    private PlanDurations Durations => _durations ??= _services.Durations.Of(_state);

    // Found once: what is compared with each other was known at the same time.
    private double[]? Paths
    {
        get
        {
            if (!_hasPaths)
            {
                (_paths, _hasPaths) = (Durations.Paths(), true);
            }
            return _paths;
        }
    }
}
