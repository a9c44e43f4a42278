using System.Text.RegularExpressions;
using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Http;
using Microsoft.ML.OnnxRuntime;

namespace AgentGrid.Kinds.Onnx.Models;

/// <summary>What an exception of ONNX Runtime means.</summary>
internal enum FailureKind
{
    /// <summary>Anything else.</summary>
    Other,

    /// <summary>The input has a shape, a type or a value that the model cannot take.</summary>
    BadInput,

    /// <summary>There was no memory for it.</summary>
    OutOfMemory,

    /// <summary>The CUDA context is gone, for all models of this process.</summary>
    GpuLost,
}

/// <summary>Reads failures of ONNX Runtime, which has no codes that could be read but in its messages.</summary>
internal static partial class OrtFailure
{
    private static readonly string[] s_memory =
    [
        "Failed to allocate memory", "smaller than requested bytes", "out of memory", "bad_alloc", "bad allocation",
        "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED", "CUDA failure 2:", "SafeIntOnOverflow", "Integer overflow",
    ];

    public static FailureKind Of(Exception exception)
    {
        var message = exception.Message;
        return exception is OutOfMemoryException || s_memory.Any(m => message.Contains(m, StringComparison.OrdinalIgnoreCase))
            ? FailureKind.OutOfMemory
            : LostContext().IsMatch(message) ? FailureKind.GpuLost
            : message.Contains("[ErrorCode:InvalidArgument]", StringComparison.Ordinal) ? FailureKind.BadInput
            : FailureKind.Other;
    }

    /// <summary>Its message without what is of no use to people.</summary>
    public static string Reason(Exception exception) =>
        exception is DllNotFoundException or BadImageFormatException || exception.InnerException is DllNotFoundException
            ? "ONNX Runtime is missing, or not built for this machine: " + (exception.InnerException ?? exception).Message.Split(" In order to ")[0]
            : SourcePlace().Replace(Code().Replace(exception.Message, ""), "").Trim();

    /// <summary>The failure of an attempt.</summary>
    public static AgentException OfRun(Exception exception, string agent) => Of(exception) switch
    {
        FailureKind.OutOfMemory => new AgentException(
            OnnxErrors.OutOfMemory, $"Agent '{agent}': there is not enough memory for this: {Reason(exception)}", inner: exception),
        FailureKind.GpuLost => new AgentException(
            OnnxErrors.GpuLost,
            $"Agent '{agent}': this process cannot use the GPU any more, and has to be restarted: {Reason(exception)}",
            inner: exception),
        FailureKind.BadInput => new AgentException(
            HttpErrors.BadInput, $"Agent '{agent}': the model does not take this input: {Reason(exception)}",
            retryable: false, exception),
        _ => new AgentException(
            OnnxErrors.Failed, $"Agent '{agent}': the model has failed: {Reason(exception)}", retryable: false, exception),
    };

    /// <summary>The failure of a load.</summary>
    public static AgentException OfLoad(Exception exception, string what) => new(
        Of(exception) is FailureKind.OutOfMemory ? OnnxErrors.OutOfMemory : OnnxErrors.NotLoaded,
        $"{what}: {Reason(exception)}", retryable: Of(exception) is FailureKind.OutOfMemory, exception);

    // Of the codes of cudaError_t those after which no call succeeds: illegal address or instruction, launch failure, and
    // what hardware says. Source: CUDA Runtime API, error handling.
    [GeneratedRegex(@"CUDA (?:failure|error) (?:46|214|219|226|700|702|709|710|714|715|716|717|718|719)\b")]
    private static partial Regex LostContext();

    [GeneratedRegex(@"\[ErrorCode:\w+\]\s*|^.*\[ONNXRuntimeError\] : \d+ : \w+ : ", RegexOptions.Singleline)]
    private static partial Regex Code();

    // Where in ONNX Runtime's own sources it was.
    [GeneratedRegex(@"(?:/\S+/)?onnxruntime/\S+:\d+ ")]
    private static partial Regex SourcePlace();
}
