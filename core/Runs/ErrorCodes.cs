namespace AgentGrid.Core.Runs;

/// <summary>The codes of failures of runs, steps and attempts that are not an agent's own. Stable.</summary>
public static class ErrorCodes
{
    /// <summary>An agent threw something that is not an AgentException.</summary>
    public const string AgentError = "error";

    /// <summary>An attempt ran out of time.</summary>
    public const string AttemptTimeout = "timeout";

    /// <summary>An attempt lost its node too often.</summary>
    public const string Lost = "lost";

    /// <summary>A run ran out of time.</summary>
    public const string RunTimeout = "run_timeout";

    /// <summary>A signal, or somebody's decision, has not come in time.</summary>
    public const string WaitTimeout = "wait_timeout";

    /// <summary>Somebody has decided that a run is not to go on so.</summary>
    public const string Rejected = "rejected";

    /// <summary>No agent offers what a step asks for.</summary>
    public const string NoAgent = "no_agent";

    /// <summary>The run that does the work of an attempt was cancelled by somebody else.</summary>
    public const string ChildCancelled = "child_cancelled";

    /// <summary>The run that is to do the work of an attempt cannot be started.</summary>
    public const string ChildRefused = "child_refused";

    /// <summary>A <c>for_each</c> did not lead to a list.</summary>
    public const string NotAList = "not_a_list";

    /// <summary>A <c>for_each</c> led to a list with more items than the engine allows.</summary>
    public const string TooManyItems = "too_many_items";

    /// <summary>An agent's output, or the outputs of a step together, were larger than the engine allows.</summary>
    public const string OutputTooLarge = "output_too_large";
}
