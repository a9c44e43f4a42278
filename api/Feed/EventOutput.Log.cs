namespace AgentGrid.Api.Feed;

internal sealed partial class EventOutput
{
    [LoggerMessage(2012, LogLevel.Warning,
        "A reader of the event stream of run {Run} has read nothing for {Timeout}; it is disconnected")]
    private partial void LogSlow(string run, TimeSpan timeout);
}
