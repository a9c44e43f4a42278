using Microsoft.Extensions.Logging;

namespace AgentGrid.RunLog.Tests.Hosting;

/// <summary>Keeps the errors that a log tells of.</summary>
internal sealed class LogLines : ILogger<RedisRunLog>
{
    public List<string> Errors { get; } = [];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (logLevel == LogLevel.Error)
        {
            Errors.Add(formatter(state, exception));
        }
    }
}
