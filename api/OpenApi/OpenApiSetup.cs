using System.Text.Json.Nodes;
using AgentGrid.Api.Orchestrate;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace AgentGrid.Api.OpenApi;

/// <summary>
/// The OpenAPI document: routes and schemas come from the code, words and examples from <c>operations.json</c>.
/// </summary>
internal static class OpenApiSetup
{
    private const string Resource = "AgentGrid.Api.OpenApi.operations.json";
    private static readonly Lazy<JsonObject> Operations = new(Load);

    private static readonly Dictionary<string, string> s_tags = new(StringComparer.Ordinal)
    {
        ["Runs"] = "Start, find, steer and read runs.",
        ["Events"] = "What happens in runs: page by page, or live.",
        ["Agents"] = "Who does the work, how busy they are, and who would get an attempt.",
        ["Nodes"] = "The processes that do the work, with their slots and GPUs.",
        ["Plans"] = "What a run does.",
        ["Health"] = "The state of the server itself.",
    };

    public static void AddAgentGridOpenApi(this IServiceCollection services) => services.AddOpenApi("v1", options =>
    {
        // HEAD is wherever GET is, and says nothing that GET does not.
        options.ShouldInclude = operation => !HttpMethods.IsHead(operation.HttpMethod ?? "");
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "Agent Grid";
            document.Info.Description =
                "Runs graphs of agents, and shows every step live. Errors are RFC 9457 problem " +
                "details with a stable 'code'.";
            document.Servers =
            [
                new OpenApiServer { Url = "/", Description = "The server from which this document was fetched." },
            ];
            foreach (var tag in document.Tags ?? new HashSet<OpenApiTag>())
            {
                tag.Description = s_tags.GetValueOrDefault(tag.Name ?? "");
            }
            return Task.CompletedTask;
        });
        options.AddDocumentTransformer(OpenApiSecurity.DeclareAsync);
        options.AddSchemaTransformer(OpenApiSchemas.CorrectAsync);
        options.AddOperationTransformer(DescribeAsync);
        options.AddOperationTransformer(OpenApiSecurity.RequireAsync);
    });

    private static async Task DescribeAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        if (operation.OperationId is not { } id || Operations.Value[id] is not JsonObject words)
        {
            return;
        }
        operation.Summary = Text(words, "summary");
        operation.Description = Text(words, "description");
        AddParameters(operation, words);
        if (words["request"] is { } request)
        {
            var content = new Dictionary<string, OpenApiMediaType>
            {
                ["application/json"] = new()
                {
                    Example = request.DeepClone(),
                    Schema = RequestOf(id) is { } type
                        ? await context.GetOrCreateSchemaAsync(type, cancellationToken: cancellationToken)
                        : id == "signal_run" ? new OpenApiSchema()
                        : new OpenApiSchema { Type = JsonSchemaType.Object },
                },
            };
            if (words["request_yaml"] is { } yaml)
            {
                content["application/yaml"] = new()
                {
                    Example = yaml.DeepClone(),
                    Schema = new OpenApiSchema { Type = JsonSchemaType.String },
                };
            }
            operation.RequestBody = new OpenApiRequestBody
            {
                Required = words["request_optional"] is null,
                Content = content,
            };
        }
        AddExamples(operation, words);
    }

    private static Type? RequestOf(string operation) => operation switch
    {
        "orchestrate" => typeof(OrchestrateRequest),
        "start_run" => typeof(StartRequest),
        _ => null,
    };

    private static void AddParameters(OpenApiOperation operation, JsonObject words)
    {
        if (words["parameters"] is not JsonObject parameters)
        {
            return;
        }
        operation.Parameters ??= [];
        foreach (var (name, description) in parameters)
        {
            var known = operation.Parameters.OfType<OpenApiParameter>().FirstOrDefault(p => p.Name == name);
            if (known is null)
            {
                known = new OpenApiParameter { Name = name, In = ParameterLocation.Query };
                operation.Parameters.Add(known);
            }
            known.Description = description!.GetValue<string>();
            known.Schema = new OpenApiSchema
            {
                Type = name is "after" or "limit" ? JsonSchemaType.Integer : JsonSchemaType.String,
            };
        }
    }

    private static void AddExamples(OpenApiOperation operation, JsonObject words)
    {
        if (words["responses"] is not JsonObject examples)
        {
            return;
        }
        foreach (var (status, example) in examples)
        {
            if (operation.Responses?.GetValueOrDefault(status)?.Content?.Values.FirstOrDefault() is { } content)
            {
                content.Example = example?.DeepClone();
            }
        }
    }

    private static string? Text(JsonObject words, string name) => words[name]?.GetValue<string>();

    private static JsonObject Load()
    {
        using var stream = typeof(OpenApiSetup).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"The program was built without {Resource}.");
        return JsonNode.Parse(stream)!.AsObject();
    }
}
