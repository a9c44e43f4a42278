namespace AgentGrid.Api.Problems;

internal sealed partial class ApiGate
{
    [LoggerMessage(2000, LogLevel.Error, "{Method} {Path} failed unexpectedly")]
    private partial void LogUnhandled(string method, string path, Exception exception);
}
