using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using AgentGrid.Api.Telemetry;
using AgentGrid.Core;

namespace AgentGrid.Api.A2a;

/// <summary>What a call is answered with: a result or a refusal.</summary>
internal sealed record RpcReply(
    [property: JsonPropertyOrder(0)] Json Id, [property: JsonPropertyOrder(1)] object? Result,
    [property: JsonIgnore] RpcError? Refusal)
{
    private const string Rpc = "type.googleapis.com/google.rpc.";

    [JsonPropertyOrder(-1)]
    public string Jsonrpc => "2.0";

    [JsonPropertyOrder(2)]
    public object? Error => Refusal is null ? null : new { Refusal.Code, Refusal.Message, Data = DataOf(Refusal) };

    public static RpcReply Of(Json id, object result) => result is RpcError refusal ? new(id, null, refusal) : new(id, result, null);

    /// <summary>Answers a request with one or, of a batch, with several.</summary>
    public static async Task WriteAsync(HttpContext context, object replies)
    {
        var response = context.Response;
        response.ContentType = "application/json";
        if (replies is RpcReply { Refusal: { } alone })
        {
            ApiMetrics.CountRefusal(alone.ApiCode ?? alone.Code.ToString(CultureInfo.InvariantCulture), alone.HttpStatus);
            response.StatusCode = alone.HttpStatus;
            if (alone.RetryAfter is { } wait)
            {
                response.Headers.RetryAfter = Seconds(wait).ToString(CultureInfo.InvariantCulture);
            }
        }
        var body = JsonSerializer.SerializeToUtf8Bytes(replies, A2aJson.Options);
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, context.RequestAborted);
    }

    private static object[]? DataOf(RpcError error)
    {
        var data = new List<object>();
        if ((error.Reason ?? error.ApiCode) is { } reason)
        {
            data.Add(new Dictionary<string, object?>
            {
                ["@type"] = Rpc + "ErrorInfo",
                ["reason"] = reason,
                ["domain"] = error.Reason is null ? "agent-grid" : "a2a-protocol.org",
                ["metadata"] = error.ApiCode is { } code ? new Dictionary<string, string> { ["code"] = code } : [],
            });
        }
        if (error.Violations.Count > 0)
        {
            data.Add(new Dictionary<string, object?> { ["@type"] = Rpc + "BadRequest", ["fieldViolations"] = error.Violations });
        }
        if (error.RetryAfter is { } wait)
        {
            data.Add(new Dictionary<string, object?>
            {
                ["@type"] = Rpc + "RetryInfo",
                ["retryDelay"] = string.Create(CultureInfo.InvariantCulture, $"{Seconds(wait)}s"),
            });
        }
        return data.Count == 0 ? null : [.. data];
    }

    private static long Seconds(TimeSpan wait) => Math.Clamp((long)Math.Ceiling(wait.TotalSeconds), 1, 86_400);
}
