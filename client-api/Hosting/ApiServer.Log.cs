namespace AgentGrid.ClientApi.Hosting;

internal static partial class ApiServer
{
    [LoggerMessage(2020, LogLevel.Information, "Agent Grid listens on {Addresses}; {Place}")]
    private static partial void LogListening(ILogger logger, string addresses, string place);

    [LoggerMessage(2022, LogLevel.Information, "Agent Grid is there; {Place}")]
    private static partial void LogRunning(ILogger logger, string place);

    [LoggerMessage(2021, LogLevel.Debug, "The cause")]
    private static partial void LogCause(ILogger logger, Exception exception);
}
