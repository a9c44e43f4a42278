using AgentGrid.Api.Telemetry;

namespace AgentGrid.Api.Hosting;

public static partial class ApiServer
{
    [LoggerMessage(2020, LogLevel.Information, "Agent Grid listens on {Addresses}; {Place}")]
    private static partial void LogListening(ILogger logger, string addresses, string place);

    [LoggerMessage(2022, LogLevel.Information, "Agent Grid is running; {Place}")]
    private static partial void LogRunning(ILogger logger, string place);

    [LoggerMessage(2023, LogLevel.Information, "Settings: {Set}. By default: {Defaults}")]
    private static partial void LogInForce(ILogger logger, string set, string defaults);

    [LoggerMessage(2024, LogLevel.Warning, "{Unknown}")]
    private static partial void LogUnknown(ILogger logger, string unknown);

    [LoggerMessage(2025, LogLevel.Debug, "Variables that Kubernetes sets for services are ignored: {Variables}")]
    private static partial void LogKubernetes(ILogger logger, string variables);

    [LoggerMessage(2026, LogLevel.Information, "Telemetry: {Sent}")]
    private static partial void LogSent(ILogger logger, OtlpSettings sent);

    [LoggerMessage(2021, LogLevel.Debug, "The cause")]
    private static partial void LogCause(ILogger logger, Exception exception);
}
