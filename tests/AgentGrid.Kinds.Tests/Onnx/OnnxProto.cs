using System.Text;

namespace AgentGrid.Kinds.Tests.Onnx;

/// <summary>Writes what a model is made of, as protocol buffers. Source: onnx/onnx.proto, which numbers the fields.</summary>
internal sealed class OnnxProto
{
    public const int Float = 1, Integer = 7, Bool = 9;

    private readonly MemoryStream _bytes = new();

    public OnnxProto Add(int field, long value)
    {
        Varint((ulong)field << 3);
        Varint((ulong)value);
        return this;
    }

    public OnnxProto Add(int field, ReadOnlySpan<byte> value)
    {
        Varint(((ulong)field << 3) | 2);
        Varint((ulong)value.Length);
        _bytes.Write(value);
        return this;
    }

    public OnnxProto Add(int field, string value) => Add(field, Encoding.UTF8.GetBytes(value));

    public OnnxProto Add(int field, params OnnxProto[] values)
    {
        foreach (var value in values)
        {
            Add(field, value._bytes.ToArray());
        }
        return this;
    }

    public static byte[] Model(OnnxProto graph) => new OnnxProto()
        .Add(1, 8).Add(7, graph).Add(8, new OnnxProto().Add(1, "").Add(2, 17))._bytes.ToArray();

    public static OnnxProto Graph(OnnxProto[] nodes, OnnxProto[] inputs, OnnxProto[] outputs, params OnnxProto[] constants) =>
        new OnnxProto().Add(1, nodes).Add(2, "g").Add(5, constants).Add(11, inputs).Add(12, outputs);

    public static OnnxProto Node(string type, string inputs, string outputs, params OnnxProto[] attributes)
    {
        var node = new OnnxProto();
        foreach (var input in inputs.Split(','))
        {
            node.Add(1, input);
        }
        foreach (var output in outputs.Split(','))
        {
            node.Add(2, output);
        }
        return node.Add(4, type).Add(5, attributes);
    }

    public static OnnxProto Attribute(string name, long value) => new OnnxProto().Add(1, name).Add(3, value).Add(20, 2);

    public static OnnxProto Attribute(string name, OnnxProto graph) => new OnnxProto().Add(1, name).Add(6, graph).Add(20, 5);

    /// <summary>A constant: with no dimensions one value.</summary>
    public static OnnxProto Constant(string name, long[] dimensions, params float[] values) =>
        Constant(name, Float, dimensions, System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()));

    /// <inheritdoc cref="Constant(string, long[], float[])"/>
    public static OnnxProto Constant(string name, long[] dimensions, params long[] values) =>
        Constant(name, Integer, dimensions, System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()));

    /// <summary>An input or output; -1 is a dimension of any length.</summary>
    public static OnnxProto Value(string name, int type, params long[] shape) => new OnnxProto().Add(1, name).Add(
        2, new OnnxProto().Add(1, new OnnxProto().Add(1, type).Add(
            2, new OnnxProto().Add(1, [.. shape.Select(d => d < 0 ? new OnnxProto().Add(2, "n") : new OnnxProto().Add(1, d))]))));

    private static OnnxProto Constant(string name, int type, long[] dimensions, ReadOnlySpan<byte> values)
    {
        var tensor = new OnnxProto();
        foreach (var dimension in dimensions)
        {
            tensor.Add(1, dimension);
        }
        return tensor.Add(2, type).Add(8, name).Add(9, values);
    }

    private void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            _bytes.WriteByte((byte)(value | 0x80));
        }
        _bytes.WriteByte((byte)value);
    }
}
