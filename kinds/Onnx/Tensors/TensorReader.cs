using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Kinds.Http.Tensors;

namespace AgentGrid.Kinds.Onnx.Tensors;

/// <summary>Reads a tensor from JSON text in one pass: a value, or lists of lists of the same lengths.</summary>
internal ref struct TensorReader
{
    private const int LongestQuote = 40;

    private readonly TensorType _type;
    private readonly ArrayBufferWriter<byte> _bytes;
    private readonly List<string>? _texts;
    private readonly List<long> _lengths = [];
    private readonly List<long> _counts = [];
    private Utf8JsonReader _json;
    private int _rank = -1;
    private long _values;

    private TensorReader(ReadOnlySpan<byte> json, TensorType type)
    {
        _json = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 128 });
        _type = type;
        _texts = type == TensorType.BYTES ? [] : null;
        // A number is seldom less than three characters with its comma.
        _bytes = new ArrayBufferWriter<byte>(Math.Max(1, (json.Length / 3 * type.Size()) + sizeof(long)));
    }

    /// <param name="json">One value of JSON that is known to be valid.</param>
    /// <exception cref="FormatException">It is no such tensor.</exception>
    public static TensorData Read(ReadOnlySpan<byte> json, TensorType type)
    {
        var reader = new TensorReader(json, type);
        while (reader._json.Read())
        {
            reader.Take();
        }
        return new TensorData(type, [.. reader._lengths], reader._bytes.WrittenMemory, reader._texts?.ToArray());
    }

    private void Take()
    {
        switch (_json.TokenType)
        {
            case JsonTokenType.StartArray:
                CountItem();
                _counts.Add(0);
                if (_rank >= 0 && _counts.Count > _rank)
                {
                    throw new FormatException("some of its values are lists, and others are not");
                }
                break;
            case JsonTokenType.EndArray:
                EndList();
                break;
            default:
                CountItem();
                AddValue();
                break;
        }
    }

    private readonly void CountItem()
    {
        if (_counts.Count > 0)
        {
            _counts[^1]++;
        }
    }

    // The first list of each depth says how long all of that depth are.
    private void EndList()
    {
        var depth = _counts.Count;
        var count = _counts[^1];
        _counts.RemoveAt(depth - 1);
        if (_rank < 0)
        {
            SetRank(depth);
        }
        if (_lengths[depth - 1] < 0)
        {
            _lengths[depth - 1] = count;
        }
        if (_lengths[depth - 1] != count || (depth < _rank && count == 0))
        {
            throw new FormatException("its lists do not have the same lengths");
        }
    }

    private void SetRank(int rank)
    {
        _rank = rank;
        _lengths.AddRange(Enumerable.Repeat(-1L, rank));
    }

    private void AddValue()
    {
        if (_rank < 0)
        {
            SetRank(_counts.Count);
        }
        if (_counts.Count != _rank)
        {
            throw new FormatException("some of its values are lists, and others are not");
        }
        if (!TryAdd())
        {
            throw new FormatException(
                $"its value {_values}, counted from 0, is {Describe()}, and the tensor is of {_type}");
        }
        _values++;
    }

    private bool TryAdd()
    {
        var isNumber = _json.TokenType == JsonTokenType.Number;
        switch (_type)
        {
            case TensorType.BOOL:
                return _json.TokenType is JsonTokenType.True or JsonTokenType.False && Add(_json.GetBoolean());
            case TensorType.BYTES:
                return AddText();
            case TensorType.FP64:
                return isNumber && _json.TryGetDouble(out var d) && double.IsFinite(d) && Add(d);
            case TensorType.FP32:
                return isNumber && _json.TryGetSingle(out var f) && float.IsFinite(f) && Add(f);
            case TensorType.FP16:
                return isNumber && _json.TryGetDouble(out var h) && Half.IsFinite((Half)h) && Add((Half)h);
            case TensorType.INT64:
                return isNumber && _json.TryGetInt64(out var i64) && Add(i64);
            case TensorType.INT32:
                return isNumber && _json.TryGetInt32(out var i32) && Add(i32);
            case TensorType.INT16:
                return isNumber && _json.TryGetInt16(out var i16) && Add(i16);
            case TensorType.INT8:
                return isNumber && _json.TryGetSByte(out var i8) && Add(i8);
            case TensorType.UINT64:
                return isNumber && _json.TryGetUInt64(out var u64) && Add(u64);
            case TensorType.UINT32:
                return isNumber && _json.TryGetUInt32(out var u32) && Add(u32);
            case TensorType.UINT16:
                return isNumber && _json.TryGetUInt16(out var u16) && Add(u16);
            case TensorType.UINT8:
                return isNumber && _json.TryGetByte(out var u8) && Add(u8);
            default:
                throw new InvalidOperationException($"Unknown type {_type}.");
        }
    }

    private readonly bool Add<T>(T value)
        where T : unmanaged
    {
        MemoryMarshal.Write(_bytes.GetSpan(Unsafe.SizeOf<T>()), in value);
        _bytes.Advance(Unsafe.SizeOf<T>());
        return true;
    }

    // JSON can name characters that are none: half of a pair.
    private readonly bool AddText()
    {
        if (_json.TokenType != JsonTokenType.String)
        {
            return false;
        }
        try
        {
            _texts!.Add(_json.GetString()!);
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private readonly string Describe() => _json.TokenType switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.String => $"the text \"{Names.Shorten(Encoding.UTF8.GetString(_json.ValueSpan), LongestQuote)}\"",
        _ => Names.Shorten(Encoding.UTF8.GetString(_json.ValueSpan), LongestQuote),
    };
}
