using System.Text;
using System.Text.Json;
using AgentGrid.Cli.Tests.Hosting;

namespace AgentGrid.Cli.Tests.Docs;

/// <summary>The table in docs/api.md is made from the OpenAPI document.</summary>
public sealed class ApiReferenceTests(GridHost host) : IClassFixture<GridHost>
{
    private const string Begin = "<!-- routes: begin -->\n";
    private const string End = "<!-- routes: end -->";

    [Fact]
    public async Task Routes_OfTheDocument_AreThoseOfThePage()
    {
        using var http = new HttpClient();
        var table = TableOf(JsonElement.Parse(await http.GetByteArrayAsync($"{host.Url}/openapi/v1.json")));
        var page = Repository.Read("docs", "api.md");
        var begin = page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        var end = page.IndexOf(End, StringComparison.Ordinal);
        if (Environment.GetEnvironmentVariable("AGENTGRID_UPDATE_DOCS") == "1")
        {
            await File.WriteAllTextAsync(Repository.PathOf("docs", "api.md"), page[..begin] + table + page[end..]);
            return;
        }

        Assert.Equal(table, page[begin..end]);
    }

    private static string TableOf(JsonElement document)
    {
        var table = new StringBuilder("| route | | parameters |\n| --- | --- | --- |\n");
        foreach (var path in document.GetProperty("paths").EnumerateObject())
        {
            foreach (var operation in path.Value.EnumerateObject())
            {
                var summary = operation.Value.TryGetProperty("summary", out var s) ? s.GetString() : "";
                var parameters = operation.Value.TryGetProperty("parameters", out var list)
                    ? list.EnumerateArray().Where(p => p.GetProperty("in").GetString() != "path")
                        .Select(p => $"`{p.GetProperty("name").GetString()}`")
                    : [];
                var route = $"{operation.Name.ToUpperInvariant()} {path.Name}";
                table.Append($"| `{route}` | {summary} | {string.Join(", ", parameters)} |\n");
            }
        }
        return table.ToString();
    }
}
