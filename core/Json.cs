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
public sealed partial class Json : IEquatable<Json>
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

    // A text was written into what is built on this thread whose form nobody has looked at.
    [ThreadStatic]
    private static bool s_wroteUnread;

    private readonly ReadOnlyMemory<byte> _text;
    private JsonElement _element;
    private volatile bool _parsed;
    private volatile bool _isSound;
    private volatile bool _isChecked;
    private Lock? _gate;

    private Json(ReadOnlyMemory<byte> utf8) => _text = utf8;

    /// <summary>The text of the value, valid JSON in UTF-8. Of a value that is stored elsewhere it is read there.</summary>
    public ReadOnlyMemory<byte> Utf8 => Here._text;

    /// <summary><see cref="Element"/> is there already.</summary>
    internal bool IsParsed => _load is null ? _parsed : InMemory is { _parsed: true };

    /// <summary>Its text is known to have the form of JSON: it was read as a whole, or a writer made it.</summary>
    internal bool IsSound => Here._isSound;

    public bool IsNull => _load is null && _text.Span.SequenceEqual("null"u8);

    /// <summary>The value as a tree; parsed on first use and kept as long as the text is.</summary>
    public JsonElement Element
    {
        get
        {
            if (_load is not null)
            {
                return Loaded().Element;
            }
            if (!_parsed)
            {
                // Most values are passed on and never parsed.
                lock (LazyInitializer.EnsureInitialized(ref _gate, static () => new Lock()))
                {
                    if (!_parsed)
                    {
                        _element = Parse();
                        _isSound = _parsed = true;
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
        return Sound(utf8.ToArray());
    }

    /// <inheritdoc cref="Parse(ReadOnlySpan{byte})"/>
    public static Json Parse([StringSyntax(StringSyntaxAttribute.Json)] string text) =>
        Parse(Encoding.UTF8.GetBytes(text));

    /// <summary>Wraps text that the caller knows to be valid JSON and will not change.</summary>
    public static Json Trusted(ReadOnlyMemory<byte> utf8) => new(utf8);

    /// <summary>
    /// Wraps text that the caller has read as a whole, or made with a writer that keeps to the form of JSON, and will not change:
    /// its form is not looked at once more.
    /// </summary>
    public static Json Sound(ReadOnlyMemory<byte> utf8) => new(utf8) { _isSound = true };

    /// <summary>
    /// The part of this value that an element of <see cref="Element"/> is: the same text, and parsed already.
    /// </summary>
    public Json Part(JsonElement element)
    {
        var text = JsonMarshal.GetRawUtf8Value(element);
        var whole = Utf8;
        return new Json(whole.Span.Overlaps(text, out var at) ? whole.Slice(at, text.Length) : text.ToArray())
        {
            _element = element,
            _isSound = true,
            _parsed = true,
        };
    }

    /// <summary>Copies the text of an element as it stands.</summary>
    public static Json From(JsonElement element) => Sound(JsonMarshal.GetRawUtf8Value(element).ToArray());

    /// <summary>Writes a .NET value with <see cref="Options"/>.</summary>
    public static Json From<T>(T value)
    {
        var outer = s_wroteUnread;
        s_wroteUnread = false;
        var text = JsonSerializer.SerializeToUtf8Bytes(value, Options);
        return Written(text, outer);
    }

    /// <summary>Builds a value with a writer; what the callback writes must be one JSON value.</summary>
    public static Json Build(Action<Utf8JsonWriter> write)
    {
        // Callbacks may build values too.
        var (buffer, outer) = (s_buffer ?? new ArrayBufferWriter<byte>(1_024), s_wroteUnread);
        (s_buffer, s_wroteUnread) = (null, false);
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = false }))
        {
            write(writer);
        }
        if (buffer.Capacity > LargestBuffer)
        {
            return Written(buffer.WrittenMemory, outer);
        }
        var text = GC.AllocateUninitializedArray<byte>(buffer.WrittenCount);
        buffer.WrittenSpan.CopyTo(text);
        buffer.ResetWrittenCount();
        s_buffer = buffer;
        return Written(text, outer);
    }

    /// <summary>Reads the value as a .NET type with <see cref="Options"/>.</summary>
    /// <exception cref="JsonException">The value does not have the shape of <typeparamref name="T"/>.</exception>
    public T? To<T>() => JsonSerializer.Deserialize<T>(Utf8.Span, Options);

    /// <summary>
    /// Says why the text is not one JSON value of at most <see cref="MaxOutsideDepth"/> levels; null when it is. For values that
    /// others made. A text is read as a whole for it once, and one that a writer made not at all: only its depth is counted.
    /// </summary>
    public string? Problem()
    {
        if (_load is not null)
        {
            return Loaded().Problem();
        }
        if (_isChecked)
        {
            return null;
        }
        // A reader passes over strings without looking whether they are text.
        if (!System.Text.Unicode.Utf8.IsValid(_text.Span))
        {
            return "It is not UTF-8.";
        }
        if (!_isSound || JsonText.DepthOf(_text.Span) > MaxOutsideDepth)
        {
            if (ReadProblem() is { } problem)
            {
                return problem;
            }
        }
        _isChecked = _isSound = true;
        return null;
    }

    public void WriteTo(Utf8JsonWriter writer)
    {
        var value = Here;
        s_wroteUnread |= !value._isSound;
        writer.WriteRawValue(value._text.Span, skipInputValidation: true);
    }

    /// <summary>Writes the text of an element as it stands.</summary>
    public static void Write(Utf8JsonWriter writer, JsonElement element) =>
        writer.WriteRawValue(JsonMarshal.GetRawUtf8Value(element), skipInputValidation: true);

    public bool Equals(Json? other) => ReferenceEquals(this, other) || (other is not null
        && (Storage is { } here && other.Storage is { } there ? here == there : Utf8.Span.SequenceEqual(other.Utf8.Span)));

    public override bool Equals(object? obj) => Equals(obj as Json);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Utf8.Span);
        return hash.ToHashCode();
    }

    public override string ToString() => Encoding.UTF8.GetString(Utf8.Span);

    private string? ReadProblem()
    {
        var reader = new Utf8JsonReader(_text.Span, new JsonReaderOptions { MaxDepth = MaxOutsideDepth });
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

    // What is built around it goes on with what was written into that.
    private static Json Written(ReadOnlyMemory<byte> text, bool outer)
    {
        var made = new Json(text) { _isSound = !s_wroteUnread };
        s_wroteUnread = outer;
        return made;
    }

    // A document is as good as its element, and does not copy the text; but it keeps a pooled buffer of at least that size.
    private JsonElement Parse()
    {
        var options = new JsonDocumentOptions { MaxDepth = 128 };
        return _text.Length < LargeBytes ? JsonElement.Parse(_text.Span, options) : JsonDocument.Parse(_text, options).RootElement;
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
internal class JsonTextConverter : JsonConverter<Json>
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

/// <summary>Writes null for a value that is stored elsewhere: something beside it says where.</summary>
internal sealed class UnlessStoredConverter : JsonTextConverter
{
    public override void Write(Utf8JsonWriter writer, Json value, JsonSerializerOptions options) =>
        base.Write(writer, value.Storage is null ? value : Json.Null, options);
}
