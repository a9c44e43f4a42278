using System.Diagnostics.Tracing;
using System.Globalization;

namespace AgentGrid.Api.Telemetry;

/// <summary>Says in the log that telemetry cannot be sent, once a minute: the SDK itself tells nobody.</summary>
internal sealed partial class OtlpFailures(ILogger<OtlpFailures> logger, TimeProvider time) : IHostedService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private Listener? _listener;
    private DateTimeOffset _silentUntil;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _listener = new Listener(Tell);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        _listener?.Dispose();
        return Task.CompletedTask;
    }

    private void Tell(string problem)
    {
        lock (_gate)
        {
            if (time.GetUtcNow() < _silentUntil)
            {
                return;
            }
            _silentUntil = time.GetUtcNow() + Pause;
        }
        LogFailure(logger, problem);
    }

    [LoggerMessage(2027, LogLevel.Warning, "Telemetry could not be sent: {Problem}")]
    private static partial void LogFailure(ILogger logger, string problem);

    private sealed class Listener(Action<string> tell) : EventListener
    {
        private const string Source = "OpenTelemetry-Exporter-OpenTelemetryProtocol";

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == Source)
            {
                EnableEvents(eventSource, EventLevel.Error);
            }
        }

        // Counters come as events too. A message has the exception with its stack; its first line is enough.
        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            if (eventData.Level <= EventLevel.Error && eventData.Message is { } message)
            {
                var text = string.Format(CultureInfo.InvariantCulture, message, [.. eventData.Payload ?? []]);
                tell(text.Split('\n')[0].TrimEnd());
            }
        }
    }
}
