namespace AgentGrid.Api.A2a;

internal sealed partial class A2aApi
{
    [LoggerMessage(2040, LogLevel.Error, "The A2A call '{Method}' could not be answered")]
    private partial void LogUnhandled(string method, Exception exception);
}
