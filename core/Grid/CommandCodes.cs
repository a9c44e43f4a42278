namespace AgentGrid.Core.Grid;

/// <summary>Why a request to a grid was refused. Stable.</summary>
public static class CommandCodes
{
    public const string NotCancellable = "AG1201";
    public const string NotRetryable = "AG1202";

    /// <summary>A request names a plan that does not exist.</summary>
    public const string UnknownPlan = "AG1203";

    /// <summary>A request names no plan, and there is no default one.</summary>
    public const string NoDefaultPlan = "AG1204";

    /// <summary>The input is not JSON, or is nested too deep.</summary>
    public const string BadInput = "AG1205";

    /// <summary>A retry names a step that the run does not have.</summary>
    public const string UnknownStep = "AG1206";
}
