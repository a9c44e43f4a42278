using System.Security.Cryptography;
using System.Text.Json;
using AgentGrid.Api.Requests;
using AgentGrid.Api.Security;
using AgentGrid.Core.Grid;
using Microsoft.Net.Http.Headers;

namespace AgentGrid.Api.A2a;

/// <summary>
/// <c>/.well-known/agent-card.json</c>: what this grid can do, for agents of other systems. It names the plans, so that it is
/// for those who have a key, where keys are asked for.
/// </summary>
internal sealed class AgentCardApi(IAgentGrid grid, ApiOptions options)
{
    public const string Path = "/.well-known/agent-card.json";

    private const string MaxAge = "private, max-age=60";
    private static readonly string[] s_inputs = ["application/json", "text/plain"];
    private static readonly string[] s_outputs = ["application/json"];

    public void Map(WebApplication app) => app.MapGet(Path, (Delegate)GetAsync).AsApi()
        .Requires(ApiScope.Read | ApiScope.Submit).ExcludeFromDescription();

    private async Task<IResult> GetAsync(HttpContext context)
    {
        var request = context.Request;
        var plans = await grid.GetPlansAsync(context.RequestAborted);
        var card = JsonSerializer.SerializeToUtf8Bytes(
            CardOf($"{request.Scheme}://{request.Host}{request.PathBase}{A2aApi.Path}", plans), A2aJson.Options);
        context.Response.Headers.CacheControl = MaxAge;
        var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(card).AsSpan(0, 16))}\"");
        return Results.Bytes(card, "application/json; charset=utf-8", entityTag: tag);
    }

    private object CardOf(string url, IEnumerable<PlanDetails> plans) => new
    {
        Name = "Agent Grid",
        Description =
            "Runs graphs of agents over its input. Each skill is a plan; name it as 'skillId' in the metadata of the " +
            "message, or leave it out for the default one. Send the input as data, a JSON object.",
        SupportedInterfaces = new[] { new { Url = url, ProtocolBinding = "JSONRPC", ProtocolVersion = A2aApi.Version } },
        Version = typeof(AgentCardApi).Assembly.GetName().Version!.ToString(3),
        Capabilities = new { Streaming = true, PushNotifications = false, ExtendedAgentCard = false },
        SecuritySchemes = options.ApiKeys.Count == 0 ? null : new
        {
            ApiKey = new { ApiKeySecurityScheme = new { Location = "header", Name = AccessGuard.KeyHeader } },
            Bearer = new { HttpAuthSecurityScheme = new { Scheme = "Bearer" } },
        },
        SecurityRequirements = options.ApiKeys.Count == 0 ? null : new[] { RequirementOf("apiKey"), RequirementOf("bearer") },
        DefaultInputModes = s_inputs,
        DefaultOutputModes = s_outputs,
        Skills = plans.Select(SkillOf),
    };

    private static object RequirementOf(string scheme) => new
    {
        Schemes = new Dictionary<string, object> { [scheme] = new { List = Array.Empty<string>() } },
    };

    private static object SkillOf(PlanDetails plan)
    {
        var definition = plan.Definition.Element;
        var hasSchema = definition.TryGetProperty("input_schema", out var schema);
        return new
        {
            Id = plan.Name,
            plan.Name,
            Description = definition.TryGetProperty("description", out var said)
                ? said.GetString()
                : $"Runs the plan '{plan.Name}' of this grid over the input, and answers with its result.",
            Tags = TagsOf(plan),
            Examples = hasSchema && schema.TryGetProperty("examples", out var examples) && examples.ValueKind == JsonValueKind.Array
                ? examples.EnumerateArray().Select(static e => e.GetRawText())
                : null,
            // A text is the input's member 'text', which not every schema has.
            InputModes = hasSchema && !(schema.TryGetProperty("properties", out var members) && members.TryGetProperty("text", out _))
                ? s_outputs
                : null,
        };
    }

    // What its steps ask of agents, in the order of the plan.
    private static string[] TagsOf(PlanDetails plan)
    {
        var tags = new List<string> { "plan" };
        if (plan.IsDefault)
        {
            tags.Add("default");
        }
        if (plan.Definition.Element.TryGetProperty("steps", out var steps))
        {
            foreach (var step in steps.EnumerateObject())
            {
                if (step.Value.TryGetProperty("capability", out var asked))
                {
                    tags.AddRange(asked.ValueKind == JsonValueKind.Array
                        ? asked.EnumerateArray().Select(static c => c.GetString()!)
                        : [asked.GetString()!]);
                }
            }
        }
        return [.. tags.Distinct(StringComparer.Ordinal)];
    }
}
