using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using AgentGrid.Core;

namespace AgentGrid.Api.A2a;

/// <summary>JSON as A2A has it, which is as Protocol Buffers write it: camelCase, no nulls, times in UTC.</summary>
internal static class A2aJson
{
    public static readonly JsonSerializerOptions Options = new(Json.Options)
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>One line, whatever whitespace the values have that were kept as they came.</summary>
    public static byte[] Line(object value)
    {
        var utf8 = JsonSerializer.SerializeToUtf8Bytes(value, Options);
        // Within texts they are escaped, so that these stand between two tokens.
        utf8.AsSpan().Replace((byte)'\n', (byte)' ');
        utf8.AsSpan().Replace((byte)'\r', (byte)' ');
        return utf8;
    }
}
