using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Microsoft.ML.OnnxRuntime;

namespace AgentGrid.Kinds.Onnx.Models;

/// <summary>Passes what ONNX Runtime says, once for a process, on to the log of the agent that it is said of.</summary>
internal static partial class OrtLog
{
    private static readonly ConcurrentDictionary<string, ILogger> s_loggers = new(StringComparer.Ordinal);
    private static readonly Lock s_gate = new();

    // Native code keeps its address for as long as the process lives.
    private static readonly DOrtLoggingFunction s_receive = Receive;

    /// <summary>From now on, what is said of this agent goes to this log.</summary>
    public static void Attach(string agent, ILogger logger)
    {
        s_loggers[agent] = logger;
        lock (s_gate)
        {
            if (OrtEnv.IsCreated)
            {
                return;
            }
            var options = new EnvironmentCreationOptions
            {
                logId = agent,
                logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_WARNING,
                loggingFunction = s_receive,
            };
            OrtEnv.CreateInstanceWithOptions(ref options);
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "An exception must not leave through native code.")]
    private static void Receive(
        nint parameter, OrtLoggingLevel severity, string category, string logId, string codeLocation, string message)
    {
        try
        {
            if (s_loggers.TryGetValue(logId, out var logger))
            {
                LogRuntime(logger, LevelOf(severity), logId, message);
            }
        }
        catch (Exception)
        {
            // The log is being closed, with the server.
        }
    }

    private static LogLevel LevelOf(OrtLoggingLevel severity) => severity switch
    {
        OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL or OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR => LogLevel.Error,
        OrtLoggingLevel.ORT_LOGGING_LEVEL_WARNING => LogLevel.Warning,
        OrtLoggingLevel.ORT_LOGGING_LEVEL_INFO => LogLevel.Debug,
        _ => LogLevel.Trace,
    };
}
