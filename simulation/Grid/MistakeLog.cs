using Microsoft.Extensions.Logging;

namespace AgentGrid.Simulation.Grid;

/// <summary>Notes what an engine calls a mistake of its own.</summary>
public sealed class MistakeLog : ILogger
{
    /// <summary>The first one; null for none.</summary>
    public string? Mistake { get; private set; }

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

    /// <inheritdoc/>
    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (logLevel >= LogLevel.Error)
        {
            Mistake ??= $"{formatter(state, exception)}: {exception}";
        }
    }
}
