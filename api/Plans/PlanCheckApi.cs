using System.Collections.Immutable;
using System.Text;
using AgentGrid.Api.Requests;
using AgentGrid.Api.Security;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;

namespace AgentGrid.Api.Plans;

/// <summary>Checks plans without starting anything: for forms, editors and pipelines.</summary>
internal sealed class PlanCheckApi(IAgentGrid grid, ApiOptions options)
{
    // The name of a plan that is posted inline without one.
    private const string InlineName = "inline";

    public void Map(RouteGroupBuilder api) => api.MapPost("/plans/check", CheckAsync)
        .WithName("check_plan").WithTags("Plans").Requires(ApiScope.Read)
        .Produces<PlanCheck>().ProducesProblem(400).ProducesProblem(413).ProducesProblem(415);

    // JSON is read as YAML too, which knows lines.
    private async Task<IResult> CheckAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var (body, problem) = await RequestBody.ReadAsync(request, options.MaxBodyBytes, yaml: true);
        if (body is null)
        {
            return problem!;
        }
        string text;
        using (body)
        {
            if (StrictJson.CheckUtf8(body.Utf8) is { } invalid)
            {
                return invalid;
            }
            text = Encoding.UTF8.GetString(body.Utf8);
        }
        var agents = await grid.GetAgentsAsync(cancellationToken);
        var known = agents.ToImmutableSortedDictionary(a => a.Config.Name, a => a.Config, StringComparer.Ordinal);
        var plans = (await grid.GetPlansAsync(cancellationToken)).Select(static p => p.Name);
        return Results.Json(PlanCheck.Of(PlanReader.ReadFile(InlineName, new ConfigFile("plan", text), known, plans)));
    }
}
