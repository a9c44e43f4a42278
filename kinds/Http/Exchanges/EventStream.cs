using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using AgentGrid.Kinds.Http.Connections;

namespace AgentGrid.Kinds.Http.Exchanges;

/// <summary>Reads an answer that is a stream of events: any number of <c>progress</c>, then <c>result</c> or <c>error</c>.</summary>
internal static class EventStream
{
    /// <param name="stream">Its limit holds for each event.</param>
    public static async IAsyncEnumerable<StreamedEvent> ReadAsync(
        LimitedStream stream, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var parser = SseParser.Create(stream, static (_, data) => data.ToArray());
        await foreach (var item in parser.EnumerateAsync(cancellationToken).ConfigureAwait(false))
        {
            stream.Renew();
            yield return item.EventType switch
            {
                "progress" => ReadProgress(item.Data),
                "result" => new StreamedEvent.Result(item.Data),
                "error" => new StreamedEvent.Error(ServiceError.Read(item.Data)),
                _ => new StreamedEvent.Other(),
            };
        }
    }

    // What cannot be read says nothing, and harms nothing.
    private static StreamedEvent ReadProgress(byte[] data)
    {
        try
        {
            return WorkProgress.Read(JsonElement.Parse(data)) is { } progress
                ? new StreamedEvent.Progress(progress.Fraction, progress.Message)
                : new StreamedEvent.Other();
        }
        catch (JsonException)
        {
            return new StreamedEvent.Other();
        }
    }
}

/// <summary>One event of a stream.</summary>
internal abstract record StreamedEvent
{
    private StreamedEvent()
    {
    }

    /// <summary>How far the work is.</summary>
    public sealed record Progress(double Fraction, string? Message) : StreamedEvent;

    /// <summary>What came of it: a text that is to be JSON.</summary>
    public sealed record Result(byte[] Value) : StreamedEvent;

    /// <summary>It has failed.</summary>
    public sealed record Error(ServiceError Reason) : StreamedEvent;

    /// <summary>Something of which nothing was agreed upon.</summary>
    public sealed record Other : StreamedEvent;
}
