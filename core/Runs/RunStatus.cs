namespace AgentGrid.Core.Runs;

/// <summary>
/// Where a run stands. <see cref="Scheduled"/>: accepted, and waiting for the time at which it may start;
/// <see cref="Queued"/>: waiting for its turn to start.
/// </summary>
/// <remarks>Stores keep the numbers: those of the others are what they were before there was the first.</remarks>
public enum RunStatus
{
    Scheduled = -1,
    Queued,
    Running,
    Completed,
    Failed,
    Cancelled,
}

/// <summary>Where a step stands. <see cref="Skipped"/> steps count as done for the steps that need them.</summary>
public enum StepStatus
{
    Pending,
    Running,
    Completed,
    Failed,
    Skipped,
    Cancelled,
}

/// <summary>Where an attempt stands. <see cref="Queued"/>: bound to an agent, and waiting for one of its slots.</summary>
public enum AttemptStatus
{
    Queued,
    Running,
    Succeeded,
    Failed,
    TimedOut,
    Cancelled,
}

public static class StatusExtensions
{
    public static bool IsEnded(this RunStatus status) => status >= RunStatus.Completed;

    public static bool IsEnded(this StepStatus status) => status >= StepStatus.Completed;

    public static bool IsOpen(this AttemptStatus status) => status is AttemptStatus.Queued or AttemptStatus.Running;
}
