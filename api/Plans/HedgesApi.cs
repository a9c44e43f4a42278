using AgentGrid.Api.Requests;
using AgentGrid.Api.Security;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Api.Plans;

/// <summary>What backups have cost and gained, from the runs that are kept.</summary>
internal sealed class HedgesApi(IAgentGrid grid)
{
    // Runs that have not ended say nothing yet: so many more are looked at.
    private const int LooksPerRun = 2;

    public void Map(RouteGroupBuilder api) => api.MapGet("/plans/{plan}/hedges", GetAsync)
        .WithName("get_hedges").WithTags("Plans").Requires(ApiScope.Read).Knows("runs")
        .Produces<HedgeReport>().ProducesProblem(400);

    private async Task<IResult> GetAsync(string plan, HttpContext context, string? runs)
    {
        var read = new QueryReader(context.Request.Query);
        var wanted = read.Int("runs", 1, HedgeReports.MostRuns, HedgeReports.DefaultRuns);
        return read.Problem is { } problem ? problem : Results.Json(await ReportAsync(plan, wanted, context.RequestAborted));
    }

    private async Task<HedgeReport> ReportAsync(string plan, int wanted, CancellationToken cancellationToken)
    {
        var reports = new HedgeReports(plan);
        string? cursor = null;
        for (var left = wanted * LooksPerRun; wanted > 0 && left > 0;)
        {
            var page = await grid.ListRunsAsync(new RunQuery(Plan: plan, Cursor: cursor, Limit: Math.Min(left, 200)), cancellationToken);
            foreach (var run in page.Runs.Where(static r => r.Status.IsEnded()).Take(wanted))
            {
                // One that has been removed meanwhile is as if it had not been listed.
                if (await grid.GetRunAsync(run.RunId, cancellationToken) is { } details)
                {
                    reports.Add(details);
                    wanted--;
                }
            }
            left -= Math.Max(1, page.Runs.Length);
            cursor = page.Next;
            if (cursor is null)
            {
                break;
            }
        }
        return reports.Build();
    }
}
