using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Streams.Tests.Hosting;

/// <summary>Keeps what is logged, without what is said for debugging.</summary>
internal sealed class LogLines : ILogger
{
    private readonly ConcurrentQueue<(LogLevel Level, string Text)> _lines = new();

    public string[] Of(LogLevel level) => [.. _lines.Where(l => l.Level == level).Select(static l => l.Text)];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter) => _lines.Enqueue((logLevel, formatter(state, exception)));
}
