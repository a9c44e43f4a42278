using System.Buffers.Text;
using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Kinds.Process;

/// <summary>A line that a process has written.</summary>
internal abstract record Answer
{
    private const int CancelledCode = -32800;

    // What an output may be nested, and the two levels of the message around it.
    private static readonly JsonReaderOptions s_options = new() { MaxDepth = Json.MaxOutsideDepth + 2 };

    private Answer()
    {
    }

    /// <summary>What a request has come to: JSON that has been read through once, to know that it is.</summary>
    public sealed record Result(long Id, Json Value) : Answer;

    /// <summary>A request has failed.</summary>
    public sealed record Failure(long Id, AgentException Error, bool IsCancelled) : Answer;

    /// <summary>How far a request is.</summary>
    public sealed record Progress(long Id, double Fraction, string? Message) : Answer;

    /// <summary>How many tokens a request has used, beside what it has said before.</summary>
    public sealed record Usage(long Id, long Tokens) : Answer;

    /// <summary>Something of which the protocol says nothing: it is passed over.</summary>
    public sealed record Other : Answer;

    /// <exception cref="FormatException">It is no message of the protocol; the text says why.</exception>
    public static Answer Read(ReadOnlyMemory<byte> line, long expected)
    {
        var text = line.Span.TrimEnd((byte)'\r');
        return ReadPlainResult(text, expected) ?? ReadMessage(text);
    }

    // As our own workers write it: then the result need not be looked for.
    private static Result? ReadPlainResult(ReadOnlySpan<byte> text, long id)
    {
        Span<byte> head = stackalloc byte[64];
        "{\"jsonrpc\":\"2.0\",\"id\":"u8.CopyTo(head);
        var length = "{\"jsonrpc\":\"2.0\",\"id\":"u8.Length;
        Utf8Formatter.TryFormat(id, head[length..], out var digits);
        length += digits;
        ",\"result\":"u8.CopyTo(head[length..]);
        length += ",\"result\":"u8.Length;
        if (text.Length <= length + 1 || text[^1] != (byte)'}' || !text.StartsWith(head[..length]))
        {
            return null;
        }
        var value = Json.Trusted(text[length..^1].ToArray());
        return value.Problem() is null ? new Result(id, value) : null;
    }

    private static Answer ReadMessage(ReadOnlySpan<byte> text)
    {
        long? id = null;
        string? method = null;
        ReadOnlySpan<byte> result = default, error = default, parameters = default;
        try
        {
            var reader = new Utf8JsonReader(text, s_options);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                throw new FormatException("a message is a JSON object");
            }
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var isId = reader.ValueTextEquals("id"u8);
                var isMethod = reader.ValueTextEquals("method"u8);
                var isResult = reader.ValueTextEquals("result"u8);
                var isError = reader.ValueTextEquals("error"u8);
                var isParameters = reader.ValueTextEquals("params"u8);
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                if (isId && reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var number))
                {
                    id = number;
                }
                else if (isMethod && reader.TokenType == JsonTokenType.String)
                {
                    method = reader.GetString();
                }
                reader.Skip();
                var value = text[start..(int)reader.BytesConsumed];
                result = isResult ? value : result;
                error = isError ? value : error;
                parameters = isParameters ? value : parameters;
            }
            if (reader.Read())
            {
                throw new FormatException("there is more than one value in the line");
            }
        }
        catch (JsonException e)
        {
            throw new FormatException($"it is not JSON: {e.Message}", e);
        }
        return (id, method) switch
        {
            (_, "progress") => ReadProgress(parameters),
            (_, "usage") => ReadUsage(parameters),
            (_, not null) => new Other(),
            (null, _) => throw new FormatException("it has neither a method nor an id that is a whole number"),
            ({ } answered, _) when !error.IsEmpty => ReadFailure(answered, error),
            ({ } answered, _) when !result.IsEmpty => new Result(answered, Json.Trusted(result.ToArray())),
            _ => throw new FormatException("it has an id, and neither a result nor an error"),
        };
    }

    private static Answer ReadProgress(ReadOnlySpan<byte> parameters)
    {
        var (id, element) = ReadOfRequest("progress", parameters);
        return new Progress(id, Number(element, "fraction") ?? 0, Text(element, "message"));
    }

    private static Answer ReadUsage(ReadOnlySpan<byte> parameters)
    {
        var (id, element) = ReadOfRequest("usage", parameters);
        return element.TryGetProperty("tokens", out var tokens) && tokens.ValueKind == JsonValueKind.Number
            && tokens.TryGetInt64(out var count) && count >= 0
            ? new Usage(id, count)
            : throw new FormatException("'usage' has no 'tokens' in its params, a whole number that is not negative");
    }

    private static (long Id, JsonElement Params) ReadOfRequest(string method, ReadOnlySpan<byte> parameters)
    {
        var element = parameters.IsEmpty ? default : JsonElement.Parse(parameters);
        return element.ValueKind == JsonValueKind.Object
            && element.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.Number
            && id.TryGetInt64(out var number)
            ? (number, element)
            : throw new FormatException($"'{method}' has no 'id' of a request in its params");
    }

    private static Failure ReadFailure(long id, ReadOnlySpan<byte> text)
    {
        var error = JsonElement.Parse(text);
        if (error.ValueKind != JsonValueKind.Object)
        {
            throw new FormatException("its error is not an object with code and message");
        }
        var code = Number(error, "code") ?? 0;
        var message = Text(error, "message") ?? "it gave no reason";
        if (code == CancelledCode)
        {
            return new Failure(id, new AgentException("cancelled", message), IsCancelled: true);
        }
        var data = error.TryGetProperty("data", out var d) && d.ValueKind == JsonValueKind.Object ? d : default;
        // The protocol's own codes, of which -32000 and those near it are an agent's.
        var isProtocol = code is <= -32600 and >= -32700;
        var word = TextOf(data, "code");
        if (word is null || !Names.IsValid(word))
        {
            word = isProtocol ? ProcessErrors.BadProtocol : "error";
        }
        var retryable = data.ValueKind == JsonValueKind.Object && data.TryGetProperty("retryable", out var r)
            ? r.ValueKind != JsonValueKind.False
            : !isProtocol;
        return new Failure(
            id,
            new AgentException(word, message, retryable)
            {
                RetryAfter = RetryAfterOf(data),
                Type = TextOf(data, "type"),
                Detail = TextOf(data, "detail"),
            },
            IsCancelled: false);
    }

    private static string? TextOf(JsonElement data, string key) =>
        data.ValueKind == JsonValueKind.Object ? Text(data, key) : null;

    private static TimeSpan? RetryAfterOf(JsonElement data) =>
        data.ValueKind == JsonValueKind.Object && Number(data, "retry_after") is { } seconds && seconds >= 0
            ? TimeSpan.FromSeconds(Math.Min(seconds, TimeSpan.FromDays(365).TotalSeconds))
            : null;

    private static double? Number(JsonElement element, string key) =>
        element.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.Number
            && value.TryGetDouble(out var number) && double.IsFinite(number)
            ? number
            : null;

    private static string? Text(JsonElement element, string key)
    {
        if (!element.TryGetProperty(key, out var value) || value.ValueKind != JsonValueKind.String)
        {
            return null;
        }
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return null; // not Unicode
        }
    }
}
