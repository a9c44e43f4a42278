using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AgentGrid.Core;

/// <summary>
/// One JSON value, kept as the UTF-8 text that it arrived as, so that it can be stored and passed on without
/// being taken apart. Immutable; equality is by text, byte for byte.
/// </summary>
[JsonConverter(typeof(JsonTextConverter))]
public sealed class Json : IEquatable<Json>
{
    /// <summary>How Agent Grid writes .NET values as JSON: snake_case names, no nulls, enums as snake_case words.</summary>
    public static readonly JsonSerializerOptions Options = CreateOptions();

    /// <summary>
    /// How deep a value may be nested that comes from outside: an input, an output. What is built around it, in
    /// journals and in the inputs of further steps, can be read up to twice that depth.
    /// </summary>
    public const int MaxOutsideDepth = 64;

    public static readonly Json Null = new("null"u8.ToArray());
    public static readonly Json EmptyObject = new("{}"u8.ToArray());

    private const int LargeBytes = 16 * 1_024;
    private const int LargestBuffer = 256 * 1_024;

    [ThreadStatic]
    private static ArrayBufferWriter<byte>? s_buffer;

    private JsonElement _element;
    private volatile bool _parsed;
    private Lock? _gate;

    private Json(ReadOnlyMemory<byte> utf8) => Utf8 = utf8;

    /// <summary>The text of the value, valid JSON in UTF-8.</summary>
    public ReadOnlyMemory<byte> Utf8 { get; }

    /// <summary><see cref="Element"/> is there already.</summary>
    internal bool IsParsed => _parsed;

    public bool IsNull => Utf8.Span.SequenceEqual("null"u8);

    /// <summary>The value as a tree; parsed on first use and kept.</summary>
    public JsonElement Element
    {
        get
        {
            if (!_parsed)
            {
                // Most values are passed on and never parsed.
                lock (LazyInitializer.EnsureInitialized(ref _gate, static () => new Lock()))
                {
                    if (!_parsed)
                    {
                        _element = Parse();
                        _parsed = true;
                    }
                }
            }
            return _element;
        }
    }

    /// <summary>Checks that the text is one JSON value and keeps a copy of it.</summary>
    /// <exception cref="JsonException">The text is not valid JSON.</exception>
    public static Json Parse(ReadOnlySpan<byte> utf8)
    {
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = 128 });
        while (reader.Read())
        {
        }
        return new Json(utf8.ToArray());
    }

    /// <inheritdoc cref="Parse(ReadOnlySpan{byte})"/>
    public static Json Parse([StringSyntax(StringSyntaxAttribute.Json)] string text) =>
        Parse(Encoding.UTF8.GetBytes(text));

    /// <summary>Wraps text that the caller knows to be valid JSON and will not change.</summary>
    public static Json Trusted(ReadOnlyMemory<byte> utf8) => new(utf8);

    /// <summary>
    /// The part of this value that an element of <see cref="Element"/> is: the same text, and parsed already.
    /// </summary>
    public Json Part(JsonElement element)
    {
        var text = JsonMarshal.GetRawUtf8Value(element);
        return new Json(Utf8.Span.Overlaps(text, out var at) ? Utf8.Slice(at, text.Length) : text.ToArray())
        {
            _element = element,
            _parsed = true,
        };
    }

    /// <summary>Copies the text of an element as it stands.</summary>
    public static Json From(JsonElement element) => new(JsonMarshal.GetRawUtf8Value(element).ToArray());

    /// <summary>Writes a .NET value with <see cref="Options"/>.</summary>
    public static Json From<T>(T value) => new(JsonSerializer.SerializeToUtf8Bytes(value, Options));

    /// <summary>Builds a value with a writer; what the callback writes must be one JSON value.</summary>
    public static Json Build(Action<Utf8JsonWriter> write)
    {
        // Callbacks may build values too.
        var buffer = s_buffer ?? new ArrayBufferWriter<byte>(1_024);
        s_buffer = null;
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = false }))
        {
            write(writer);
        }
        if (buffer.Capacity > LargestBuffer)
        {
            return new Json(buffer.WrittenMemory);
        }
        var text = buffer.WrittenSpan.ToArray();
        buffer.ResetWrittenCount();
        s_buffer = buffer;
        return new Json(text);
    }

    /// <summary>Reads the value as a .NET type with <see cref="Options"/>.</summary>
    /// <exception cref="JsonException">The value does not have the shape of <typeparamref name="T"/>.</exception>
    public T? To<T>() => JsonSerializer.Deserialize<T>(Utf8.Span, Options);

    /// <summary>
    /// Reads the whole text, and says why it is not one JSON value of at most <see cref="MaxOutsideDepth"/> levels;
    /// null when it is. For values that others made.
    /// </summary>
    public string? Problem()
    {
        // A reader passes over strings without looking whether they are text.
        if (!System.Text.Unicode.Utf8.IsValid(Utf8.Span))
        {
            return "It is not UTF-8.";
        }
        var reader = new Utf8JsonReader(Utf8.Span, new JsonReaderOptions { MaxDepth = MaxOutsideDepth });
        try
        {
            while (reader.Read())
            {
            }
            return null;
        }
        catch (JsonException e)
        {
            return e.Message;
        }
    }

    public void WriteTo(Utf8JsonWriter writer) => writer.WriteRawValue(Utf8.Span, skipInputValidation: true);

    /// <summary>Writes the text of an element as it stands.</summary>
    public static void Write(Utf8JsonWriter writer, JsonElement element) =>
        writer.WriteRawValue(JsonMarshal.GetRawUtf8Value(element), skipInputValidation: true);

    public bool Equals(Json? other) => other is not null && Utf8.Span.SequenceEqual(other.Utf8.Span);

    public override bool Equals(object? obj) => Equals(obj as Json);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Utf8.Span);
        return hash.ToHashCode();
    }

    public override string ToString() => Encoding.UTF8.GetString(Utf8.Span);

    // A document is as good as its element, and does not copy the text; but it keeps a pooled buffer of at least that size.
    private JsonElement Parse()
    {
        var options = new JsonDocumentOptions { MaxDepth = 128 };
        return Utf8.Length < LargeBytes ? JsonElement.Parse(Utf8.Span, options) : JsonDocument.Parse(Utf8, options).RootElement;
    }

    private static JsonSerializerOptions CreateOptions()
    {
        var options = new JsonSerializerOptions
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            DictionaryKeyPolicy = null,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            MaxDepth = 128,
            AllowOutOfOrderMetadataProperties = true,
            Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
        };
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}

/// <summary>Passes the text of a <see cref="Json"/> through a serializer unchanged.</summary>
internal sealed class JsonTextConverter : JsonConverter<Json>
{
    public override bool HandleNull => true;

    public override Json Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            return Json.Null;
        }
        using var document = JsonDocument.ParseValue(ref reader);
        return Json.From(document.RootElement);
    }

    public override void Write(Utf8JsonWriter writer, Json value, JsonSerializerOptions options)
    {
        if (value is null)
        {
            writer.WriteNullValue();
            return;
        }
        value.WriteTo(writer);
    }
}
