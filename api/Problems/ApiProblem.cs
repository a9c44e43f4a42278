using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using AgentGrid.Api.Telemetry;
using Microsoft.AspNetCore.WebUtilities;

namespace AgentGrid.Api.Problems;

/// <summary>A refusal, as RFC 9457 problem details with a stable code.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">One of <see cref="ApiCode"/>, or a code of the engine.</param>
/// <param name="Detail">What was expected, what came, and the remedy.</param>
public sealed record ApiProblem(int Status, string Code, string Detail) : IResult
{
    private const string ContentType = "application/problem+json";

    // People read these on a terminal, where \u0027 for a quotation mark is a nuisance.
    private static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Where in the body, or which parameter; null when it is neither.</summary>
    public string? Field { get; init; }

    /// <summary>When trying again makes sense; null when it never does. Rounded up to seconds.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Writes further members; null for none.</summary>
    public Action<Utf8JsonWriter>? Members { get; init; }

    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        var body = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(body, WriterOptions))
        {
            Write(json);
        }
        ApiMetrics.CountRefusal(Code, Status);
        response.StatusCode = Status;
        response.ContentType = ContentType;
        response.ContentLength = body.WrittenCount;
        if (RetryAfter is { } wait)
        {
            var seconds = Math.Clamp((long)Math.Ceiling(wait.TotalSeconds), 1, 86_400);
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }
        await response.Body.WriteAsync(body.WrittenMemory, httpContext.RequestAborted).ConfigureAwait(false);
    }

    private void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, $"urn:agentgrid:{Code}");
        json.WriteString("title"u8, ReasonPhrases.GetReasonPhrase(Status));
        json.WriteNumber("status"u8, Status);
        json.WriteString("code"u8, Code);
        json.WriteString("detail"u8, Detail);
        if (Field is not null)
        {
            json.WriteString("field"u8, Field);
        }
        Members?.Invoke(json);
        json.WriteEndObject();
    }
}
