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

    /// <summary>No step of the run's plan waits for such a signal.</summary>
    public const string UnknownSignal = "AG1207";

    /// <summary>The run has ended, and takes no signals.</summary>
    public const string NotSignalable = "AG1208";

    /// <summary>What was sent is not what the step asks for.</summary>
    public const string BadSignal = "AG1209";

    /// <summary>Others may send the signal, or decide.</summary>
    public const string NotYours = "AG1210";

    /// <summary>All steps that wait for the signal have it.</summary>
    public const string SignalThere = "AG1211";

    /// <summary>The step does not wait for a decision yet.</summary>
    public const string TooEarly = "AG1212";

    /// <summary>Another signal was sent with the same key.</summary>
    public const string SignalKeyTaken = "AG1213";

    /// <summary>The input is not what the plan's <c>input_schema</c> asks for, or a posted plan has one.</summary>
    public const string WrongInput = "AG1214";

    /// <summary>A request says when its run starts, and that is no time which can be waited for.</summary>
    public const string BadStart = "AG1215";

    /// <summary>A webhook of a request may not be posted to, or nothing can be signed.</summary>
    public const string WebhookRefused = "AG1219";

    /// <summary>A request has a key as runs have it that other runs have started.</summary>
    public const string ReservedKey = "AG1216";

    /// <summary>The labels of a request and of its plan are too many together.</summary>
    public const string BadLabels = "AG1217";

    /// <summary>The value by which runs of the plan are counted is none that can be compared.</summary>
    public const string BadGroup = "AG1218";
}
