using Microsoft.Extensions.Logging;

namespace AgentGrid.TestKit;

/// <summary>What was logged, in its order.</summary>
/// <param name="least">What is less severe is not kept, and said not to be wanted.</param>
public class LogLines(LogLevel least = LogLevel.Trace) : ILoggerProvider, ILogger
{
    private readonly Lock _gate = new();
    private readonly List<LogLine> _lines = [];

    public IReadOnlyList<LogLine> Lines
    {
        get
        {
            lock (_gate)
            {
                return [.. _lines];
            }
        }
    }

    /// <summary>The lines of one level, as they were written.</summary>
    public string[] Of(LogLevel level) => [.. Lines.Where(l => l.Level == level).Select(static l => l.Text)];

    public void Clear()
    {
        lock (_gate)
        {
            _lines.Clear();
        }
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= least;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
        {
            return;
        }
        lock (_gate)
        {
            _lines.Add(new LogLine(logLevel, formatter(state, exception), exception));
        }
    }

    public void Dispose() => GC.SuppressFinalize(this);
}

/// <summary>The same, for what wants the log of a type.</summary>
public sealed class LogLines<T>(LogLevel least = LogLevel.Trace) : LogLines(least), ILogger<T>;

/// <param name="Text">Without the exception.</param>
public sealed record LogLine(LogLevel Level, string Text, Exception? Exception)
{
    public override string ToString() => $"{Level}: {Text} {Exception}";
}
