using System.Text;

namespace AgentGrid.TestKit;

/// <summary>What a span is called and where it belongs, out of an <c>ExportTraceServiceRequest</c> in Protocol Buffers.</summary>
public sealed record OtlpSpan(string Name, string Trace, string Id, string Parent)
{
    // resource_spans, scope_spans and spans, and what is in a span.
    private const int ResourceSpans = 1;
    private const int Nested = 2;
    private const int TraceId = 1;
    private const int SpanId = 2;
    private const int ParentId = 4;
    private const int NameField = 5;

    public static IEnumerable<OtlpSpan> Read(byte[] request) =>
        from resource in Fields(request, ResourceSpans)
        from scope in Fields(resource, Nested)
        from span in Fields(scope, Nested)
        select new OtlpSpan(
            Encoding.UTF8.GetString(Only(span, NameField)), Convert.ToHexStringLower(Only(span, TraceId)),
            Convert.ToHexStringLower(Only(span, SpanId)), Convert.ToHexStringLower(Only(span, ParentId)));

    private static byte[] Only(byte[] message, int number) => Fields(message, number).FirstOrDefault([]);

    // The fields of a number that have a length; others are passed over.
    private static List<byte[]> Fields(byte[] message, int number)
    {
        var found = new List<byte[]>();
        for (var at = 0; at < message.Length;)
        {
            var tag = Number(message, ref at);
            switch (tag & 7)
            {
                case 0: Number(message, ref at); break;
                case 1: at += 8; break;
                case 5: at += 4; break;
                case 2:
                    var length = (int)Number(message, ref at);
                    if (tag >> 3 == (ulong)number)
                    {
                        found.Add(message[at..(at + length)]);
                    }
                    at += length;
                    break;
                default: throw new InvalidDataException($"There is no wire type {tag & 7}.");
            }
        }
        return found;
    }

    private static ulong Number(byte[] message, ref int at)
    {
        ulong number = 0;
        for (var shift = 0; ; shift += 7)
        {
            var next = message[at++];
            number |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return number;
            }
        }
    }
}
