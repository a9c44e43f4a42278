namespace AgentGrid.Kinds.Onnx;

/// <summary>The codes of failures of models, besides those that all kinds have. Stable.</summary>
internal static class OnnxErrors
{
    /// <summary>There is no memory for what the attempt needs. May be tried again, on another node first.</summary>
    public const string OutOfMemory = "out_of_memory";

    /// <summary>The model is not in use, and cannot be. Not to be tried again; fallbacks are.</summary>
    public const string NotLoaded = "model_not_loaded";

    /// <summary>The model could not compute what it was given. Not to be tried again.</summary>
    public const string Failed = "model_failed";

    /// <summary>The GPU cannot be used by this process any more. May be tried again, on another node.</summary>
    public const string GpuLost = "gpu_lost";

    /// <summary>The agent is being replaced or stopped. May be tried again.</summary>
    public const string Closed = "model_unavailable";

    /// <summary>The output would be larger than what may be kept. Not to be tried again.</summary>
    public const string OutputTooLarge = "output_too_large";
}
