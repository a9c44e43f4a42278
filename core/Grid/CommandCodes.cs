namespace AgentGrid.Core.Grid;

/// <summary>Codes for why a grid refused a request. Stable.</summary>
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

    /// <summary>The data sent does not fit what the step asks for.</summary>
    public const string BadSignal = "AG1209";

    /// <summary>The caller may not send the signal or decide; only others may.</summary>
    public const string NotYours = "AG1210";

    /// <summary>All steps that wait for the signal have received it.</summary>
    public const string SignalThere = "AG1211";

    /// <summary>The step does not wait for a decision yet.</summary>
    public const string TooEarly = "AG1212";

    /// <summary>Another signal was sent with the same key.</summary>
    public const string SignalKeyTaken = "AG1213";

    /// <summary>The input does not fit the plan's <c>input_schema</c>, or a posted plan has one.</summary>
    public const string WrongInput = "AG1214";

    /// <summary>A request has a start time that cannot be waited for.</summary>
    public const string BadStart = "AG1215";

    /// <summary>A webhook's address is not allowed, or there is no secret to sign with.</summary>
    public const string WebhookRefused = "AG1219";

    /// <summary>A request has a key that is reserved for runs started by other runs.</summary>
    public const string ReservedKey = "AG1216";

    /// <summary>The request and its plan have too many labels together.</summary>
    public const string BadLabels = "AG1217";

    /// <summary>The value by which runs of the plan are counted cannot be compared.</summary>
    public const string BadGroup = "AG1218";
}
