namespace AgentGrid.ClientApi.Hosting;

internal static partial class ApiServer
{
    [LoggerMessage(2020, LogLevel.Information, "Agent Grid listens on {Addresses}; data in {DataFolder}")]
    private static partial void LogListening(ILogger logger, string addresses, string dataFolder);

    [LoggerMessage(2021, LogLevel.Debug, "The cause")]
    private static partial void LogCause(ILogger logger, Exception exception);
}
