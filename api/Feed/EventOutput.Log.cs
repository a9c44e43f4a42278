namespace AgentGrid.Api.Feed;

internal sealed partial class EventOutput
{
    [LoggerMessage(2012, LogLevel.Warning,
        "A reader of the event stream of run {Run} has taken nothing for {Timeout}; it is cut off")]
    private partial void LogSlow(string run, TimeSpan timeout);
}
