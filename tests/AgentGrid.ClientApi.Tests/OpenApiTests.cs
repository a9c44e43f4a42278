using System.Text.Json;

namespace AgentGrid.ClientApi.Tests;

/// <summary>The OpenAPI document tells the truth; that it is valid is for linters to say.</summary>
public sealed class OpenApiTests
{
    [Fact]
    public async Task Examples_OfEveryOperation_HaveTheShapeOfTheirSchemas()
    {
        await using var server = await TestServer.StartAsync();
        var document = await server.GetJsonAsync("/openapi/v1.json");
        var wrong = new List<string>();
        var examples = 0;

        foreach (var (name, operation) in OperationsOf(document))
        {
            (string, JsonElement)[] request =
                operation.TryGetProperty("requestBody", out var body) ? [("request", body)] : [];
            var responses = operation.GetProperty("responses").EnumerateObject().Select(r => (r.Name, r.Value));
            foreach (var (part, holder) in request.Concat(responses))
            {
                if (!holder.TryGetProperty("content", out var content))
                {
                    continue;
                }
                foreach (var media in content.EnumerateObject().Where(m => m.Value.TryGetProperty("example", out _)))
                {
                    examples++;
                    Compare(
                        document, media.Value.GetProperty("schema"), media.Value.GetProperty("example"),
                        $"{name} {part}", wrong);
                }
            }
        }

        Assert.Empty(wrong);
        Assert.InRange(examples, 20, 1_000);
    }

    [Fact]
    public async Task Answers_OfTheServer_HaveTheShapeOfTheirSchemas()
    {
        await using var server = await TestServer.StartAsync();
        server.Grid.Add("m", "r");
        var document = await server.GetJsonAsync("/openapi/v1.json");
        var wrong = new List<string>();

        foreach (var path in (string[])["/api/v1/agents", "/api/v1/plans", "/api/v1/runs", "/health"])
        {
            var schema = document.GetProperty("paths").GetProperty(path).GetProperty("get").GetProperty("responses")
                .GetProperty("200").GetProperty("content").GetProperty("application/json").GetProperty("schema");
            Compare(document, schema, await server.GetJsonAsync(path), path, wrong);
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public async Task Operations_ThatNeedAKey_SaySoWithTheScope()
    {
        await using var server = await TestServer.StartAsync();
        var document = await server.GetJsonAsync("/openapi/v1.json");

        var schemes = document.GetProperty("components").GetProperty("securitySchemes");
        Assert.Equal("X-Api-Key", schemes.GetProperty("api_key").Text("name"));
        foreach (var (name, operation) in OperationsOf(document))
        {
            var open = name is "get /health/live" or "get /health/ready";
            Assert.Equal(open ? 0 : 3, operation.GetProperty("security").GetArrayLength());
            Assert.Equal(!open, operation.GetProperty("responses").TryGetProperty("403", out var forbidden));
            if (!open)
            {
                var submits = name.StartsWith("post", StringComparison.Ordinal)
                    && name is not ("post /api/v1/route" or "post /api/v1/plans/check" or "post /api/v1/tickets");
                Assert.Equal(
                    $"The key lacks the scope '{(submits ? "submit" : "read")}'.", forbidden.Text("description"));
            }
        }
    }

    private static IEnumerable<(string Name, JsonElement Operation)> OperationsOf(JsonElement document) =>
        document.GetProperty("paths").EnumerateObject().SelectMany(
            p => p.Value.EnumerateObject().Select(o => ($"{o.Name} {p.Name}", o.Value)));

    // As much of JSON Schema as the document uses.
    private static void Compare(
        JsonElement document, JsonElement schema, JsonElement value, string at, List<string> wrong)
    {
        if (schema.TryGetProperty("$ref", out var reference))
        {
            var name = reference.GetString()!.Split('/')[^1];
            schema = document.GetProperty("components").GetProperty("schemas").GetProperty(name);
        }
        if (schema.TryGetProperty("oneOf", out var choices))
        {
            schema = choices.EnumerateArray().Single(c => !c.TryGetProperty("type", out var t) || t.ToString() != "null");
            Compare(document, schema, value, at, wrong);
            return;
        }
        if (schema.TryGetProperty("type", out var type) && !Fits(type, value))
        {
            wrong.Add($"{at} is {value.ValueKind}; the schema says {type}");
        }
        if (value.ValueKind == JsonValueKind.Array && schema.TryGetProperty("items", out var items))
        {
            foreach (var (i, item) in value.EnumerateArray().Index())
            {
                Compare(document, items, item, $"{at}[{i}]", wrong);
            }
        }
        if (value.ValueKind != JsonValueKind.Object || !schema.TryGetProperty("properties", out var properties))
        {
            return;
        }
        var required = schema.TryGetProperty("required", out var r) ? r.EnumerateArray() : default;
        wrong.AddRange(required.Select(n => n.GetString()!).Where(n => !value.TryGetProperty(n, out _))
            .Select(n => $"{at} has no '{n}'"));
        foreach (var member in value.EnumerateObject())
        {
            if (properties.TryGetProperty(member.Name, out var known))
            {
                Compare(document, known, member.Value, $"{at}.{member.Name}", wrong);
            }
            else
            {
                wrong.Add($"{at} has '{member.Name}', which the schema does not know");
            }
        }
    }

    private static bool Fits(JsonElement type, JsonElement value)
    {
        var kinds = type.ValueKind == JsonValueKind.Array
            ? type.EnumerateArray().Select(t => t.ToString())
            : [type.ToString()];
        return kinds.Any(kind => kind switch
        {
            "object" => value.ValueKind == JsonValueKind.Object,
            "array" => value.ValueKind == JsonValueKind.Array,
            "string" => value.ValueKind == JsonValueKind.String,
            "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
            "number" => value.ValueKind == JsonValueKind.Number,
            "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
            _ => false,
        });
    }
}
