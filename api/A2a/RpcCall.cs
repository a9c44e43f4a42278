using System.Text.Json;
using AgentGrid.Core;

namespace AgentGrid.Api.A2a;

/// <summary>One request of JSON-RPC 2.0.</summary>
/// <param name="Id">As it came; null when nobody waits for an answer.</param>
/// <param name="Params">An object, empty when there is none.</param>
internal sealed record RpcCall(Json? Id, string Method, JsonElement Params)
{
    private static readonly JsonElement s_none = JsonElement.Parse("{}");

    /// <summary>The call; or what to answer where it is none.</summary>
    public static (RpcCall? Call, RpcReply? Refusal) Read(JsonElement request)
    {
        if (request.ValueKind != JsonValueKind.Object)
        {
            return Refuse(Json.Null, RpcError.InvalidRequest, "A request must be an object with 'jsonrpc', 'id', 'method' and 'params'.");
        }
        Json? id = null;
        if (request.TryGetProperty("id", out var given))
        {
            if (given.ValueKind is not (JsonValueKind.String or JsonValueKind.Number or JsonValueKind.Null))
            {
                return Refuse(Json.Null, RpcError.InvalidRequest, "'id' must be a string, a number or null.");
            }
            id = Json.From(given);
        }
        if (!request.TryGetProperty("jsonrpc", out var version) || version.ValueKind != JsonValueKind.String || !version.ValueEquals("2.0"))
        {
            return Refuse(id, RpcError.InvalidRequest, "'jsonrpc' must be \"2.0\".");
        }
        if (!request.TryGetProperty("method", out var method) || method.ValueKind != JsonValueKind.String)
        {
            return Refuse(id, RpcError.InvalidRequest, "'method' must be a string.");
        }
        var hasParams = request.TryGetProperty("params", out var values) && values.ValueKind != JsonValueKind.Null;
        return hasParams && values.ValueKind != JsonValueKind.Object
            ? Refuse(id, RpcError.InvalidParams, "'params' must be an object.")
            : (new RpcCall(id, method.GetString()!, hasParams ? values : s_none), null);
    }

    private static (RpcCall?, RpcReply?) Refuse(Json? id, int code, string message) =>
        (null, RpcReply.Of(id ?? Json.Null, new RpcError(code, message)));
}
