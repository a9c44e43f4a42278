using AgentGrid.Api.Problems;
using AgentGrid.Api.Requests;
using AgentGrid.Api.Security;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Net.Http.Headers;

namespace AgentGrid.Api.Runs;

/// <summary>The artifacts of runs: which there are, and their bytes.</summary>
internal sealed class ArtifactsApi(IAgentGrid grid)
{
    private const int MostNamed = 10;

    // What a browser shows without running anything in it; all else it saves.
    private static readonly HashSet<string> s_shown = new(StringComparer.OrdinalIgnoreCase)
    {
        "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "text/plain", "application/json",
    };

    public void Map(RouteGroupBuilder api)
    {
        var artifacts = api.MapGroup("/runs/{run_id}/artifacts").WithTags("Runs");
        artifacts.MapGet("/", ListAsync).WithName("list_artifacts").Requires(ApiScope.Read)
            .Produces<ArtifactLines>().ProducesProblem(404);
        artifacts.MapGet("/{name}", GetAsync).WithName("get_artifact").Requires(ApiScope.Read).Knows("step")
            .Produces(200, contentType: "application/octet-stream").Produces(206, contentType: "application/octet-stream")
            .Produces(304).ProducesProblem(404).ProducesProblem(409);
    }

    private async Task<IResult> ListAsync([FromRoute(Name = "run_id")] string runId, HttpContext context) =>
        RunId.TryParse(runId, out var id) && await grid.GetRunAsync(id, context.RequestAborted) is { } run
            ? Results.Json(new ArtifactLines([.. RunArtifacts.Of(run).Select(a => ArtifactLine.Of(id, a))]))
            : RunsApi.NoSuchRun(runId);

    private async Task<IResult> GetAsync(
        [FromRoute(Name = "run_id")] string runId, string name, string? step, HttpContext context)
    {
        if (!RunId.TryParse(runId, out var id) || await grid.GetRunAsync(id, context.RequestAborted) is not { } run)
        {
            return RunsApi.NoSuchRun(runId);
        }
        var found = RunArtifacts.Of(run).Where(a =>
            (a.Reference.Name == name || a.Reference.Sha256 == name) && (step is null || a.Steps.Contains(step)))
            .DistinctBy(static a => a.Reference.Sha256).ToList();
        return found switch
        {
            [] => NoSuchArtifact(id, name, step),
            [var one] => await SendAsync(id, one.Reference, context),
            _ => Ambiguous(id, name, found),
        };
    }

    private async Task<IResult> SendAsync(RunId run, ArtifactReference reference, HttpContext context)
    {
        var content = await grid.OpenArtifactAsync(run, reference.Sha256, context.RequestAborted);
        if (content is null || content.Length != reference.Bytes)
        {
            var has = content is null ? "is not there any more" : $"has {content.Length:N0} bytes in place of {reference.Bytes:N0}";
            await (content?.DisposeAsync() ?? ValueTask.CompletedTask);
            return content is null
                ? new ApiProblem(404, ApiCode.NoSuchArtifact, $"Artifact '{reference.Name}' of run {run} {has}.")
                : new ApiProblem(500, ApiCode.Damaged, $"Artifact '{reference.Name}' of run {run} {has}.");
        }
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = "default-src 'none'; sandbox";
        headers.CacheControl = "private, no-cache"; // who may see it is asked each time
        headers.ContentDisposition = $"{(IsShown(reference.MediaType) ? "inline" : "attachment")}; filename=\"{reference.Name}\"";
        return Results.Stream(
            content, reference.MediaType, entityTag: new EntityTagHeaderValue($"\"{reference.Sha256}\""), enableRangeProcessing: true);
    }

    private static bool IsShown(string mediaType)
    {
        var bare = mediaType.Split(';')[0].Trim();
        return s_shown.Contains(bare) || bare.StartsWith("audio/", StringComparison.OrdinalIgnoreCase)
            || bare.StartsWith("video/", StringComparison.OrdinalIgnoreCase);
    }

    private static ApiProblem NoSuchArtifact(RunId run, string name, string? step) => new(404, ApiCode.NoSuchArtifact,
        $"The run {run} has no artifact '{Names.Shorten(name)}'{(step is null ? "" : $" in step '{Names.Shorten(step)}'")} (yet). " +
        $"GET {RunLinks.SelfOf(run)}/artifacts lists those it has.");

    private static ApiProblem Ambiguous(RunId run, string name, List<RunArtifact> found)
    {
        var named = found.Take(MostNamed).Select(a => $"{a.Reference.Sha256} of {string.Join(", ", a.Steps.DefaultIfEmpty("the input"))}");
        return new ApiProblem(409, ApiCode.AmbiguousArtifact,
            $"The run {run} has {found.Count} artifacts '{Names.Shorten(name)}': name one by its sha256, or its step with ?step=. " +
            $"There are: {string.Join("; ", named)}{(found.Count > MostNamed ? "; ..." : "")}.");
    }
}
