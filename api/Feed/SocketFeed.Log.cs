namespace AgentGrid.Api.Feed;

internal sealed partial class SocketFeed
{
    [LoggerMessage(2010, LogLevel.Warning,
        "The WebSocket client {Client} has read nothing for {Timeout}; it is closed after event {Last}")]
    private partial void LogSlow(string client, TimeSpan timeout, long last);

    [LoggerMessage(2011, LogLevel.Error, "The feed of the WebSocket client {Client} failed")]
    private partial void LogFeedFailed(string client, Exception exception);
}
