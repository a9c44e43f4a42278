using AgentGrid.Core.Runs;

namespace AgentGrid.Api.A2a;

/// <summary>The states of tasks, and the runs that are in them.</summary>
internal static class TaskStates
{
    public const string Submitted = "TASK_STATE_SUBMITTED";
    public const string Working = "TASK_STATE_WORKING";
    public const string InputRequired = "TASK_STATE_INPUT_REQUIRED";
    public const string Completed = "TASK_STATE_COMPLETED";
    public const string Failed = "TASK_STATE_FAILED";
    public const string Canceled = "TASK_STATE_CANCELED";

    /// <summary>All that a client may ask for; no run is in the last two.</summary>
    public static readonly string[] Known =
        [Submitted, Working, InputRequired, Completed, Failed, Canceled, "TASK_STATE_REJECTED", "TASK_STATE_AUTH_REQUIRED"];

    public static string Of(RunSummary run) => run.Status switch
    {
        RunStatus.Completed => Completed,
        RunStatus.Failed => Failed,
        RunStatus.Cancelled => Canceled,
        _ when run.Waits > 0 => InputRequired,
        RunStatus.Scheduled or RunStatus.Queued => Submitted,
        _ => Working,
    };

    public static bool IsEnded(string state) => state is Completed or Failed or Canceled;
}
