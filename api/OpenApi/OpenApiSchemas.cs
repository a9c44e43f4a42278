using AgentGrid.Core;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace AgentGrid.Api.OpenApi;

/// <summary>What the generator of the OpenAPI document cannot know of the answers' shapes.</summary>
internal static class OpenApiSchemas
{
    public static Task CorrectAsync(
        OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        var type = context.JsonTypeInfo;
        if (type.Type == typeof(Json))
        {
            schema.Description = "Any JSON value.";
        }
        if (type.Type == typeof(ProblemDetails))
        {
            DescribeProblem(schema);
        }
        // ASP.NET Core would read numbers from strings too; here they are always written as numbers.
        if (schema.Type is { } kinds && (kinds & (JsonSchemaType.Integer | JsonSchemaType.Number)) != 0)
        {
            schema.Type = kinds & ~JsonSchemaType.String;
            schema.Pattern = null;
        }
        if (schema.Type == JsonSchemaType.Array)
        {
            schema.Items ??= new OpenApiSchema { Description = "Any JSON value." };
        }
        // A member without a value is left out.
        foreach (var member in type.Properties.Where(m => m.IsGetNullable))
        {
            schema.Required?.Remove(member.Name);
        }
        return Task.CompletedTask;
    }

    private static void DescribeProblem(OpenApiSchema schema)
    {
        schema.Description = "A refusal, as problem details (RFC 9457).";
        schema.Required = new HashSet<string> { "type", "title", "status", "code", "detail" };
        schema.Properties = new Dictionary<string, IOpenApiSchema>
        {
            ["type"] = Text("'urn:agentgrid:' followed by the code."),
            ["title"] = Text("The name of the HTTP status."),
            ["status"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Description = "The HTTP status." },
            ["code"] = Text("What is wrong, as a stable code: AG2001."),
            ["detail"] = Text("What was expected, what was received, and how to fix it. The wording may change."),
            ["field"] = Text("Where in the body, or which parameter; absent when it is neither."),
            ["run_id"] = Text("The run that has the key, or that is in the way; only with AG2030 and AG2031."),
            ["differences"] = ListOf(
                Text("A path, such as grid_snapshot.players[0].role."), "What differs; only with AG2030."),
            ["errors"] = ListOf(
                new OpenApiSchema
                {
                    Type = JsonSchemaType.Object,
                    Required = new HashSet<string> { "path", "code", "message" },
                    Properties = new Dictionary<string, IOpenApiSchema>
                    {
                        ["path"] = Text("Where in the body."),
                        ["code"] = Text("What is wrong, as a stable code: AG1011."),
                        ["message"] = Text("What was expected, what was received, and how to fix it."),
                    },
                },
                "Every mistake; only with AG2011."),
        };
    }

    private static OpenApiSchema Text(string description) =>
        new() { Type = JsonSchemaType.String, Description = description };

    private static OpenApiSchema ListOf(OpenApiSchema item, string description) =>
        new() { Type = JsonSchemaType.Array, Items = item, Description = description };
}
