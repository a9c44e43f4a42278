using AgentGrid.Api.Problems;
using AgentGrid.Api.Security;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using Microsoft.AspNetCore.Mvc;

namespace AgentGrid.Api.Runs;

/// <summary>The keys that say whether a receipt is as it was signed, as a JSON Web Key Set.</summary>
/// <param name="Keys">None where receipts are not signed.</param>
public sealed record ReceiptKeys(IReadOnlyList<Json> Keys);

/// <summary>What runs leave behind: their receipts, and their journals.</summary>
internal sealed class ReceiptsApi(IAgentGrid grid, ApiOptions options)
{
    private const string JsonType = "application/json; charset=utf-8";

    private readonly SignatureKey? _key = ReceiptOptions.ReadKey(options.Receipts, out _);

    public void Map(RouteGroupBuilder api)
    {
        var runs = api.MapGroup("/runs/{run_id}").WithTags("Runs");
        runs.MapGet("/receipt", ReceiptAsync).WithName("get_receipt").Requires(ApiScope.Read)
            .Produces<RunReceipt>().ProducesProblem(404).ProducesProblem(409);
        runs.MapGet("/journal", JournalAsync).WithName("get_journal").Requires(ApiScope.Read)
            .Produces<Json>().ProducesProblem(404);
        api.MapGet("/receipts/keys", () => new ReceiptKeys(_key is null ? [] : [_key.Public]))
            .WithName("get_receipt_keys").WithTags("Runs").Requires(ApiScope.Read).Produces<ReceiptKeys>();
    }

    private async Task<IResult> ReceiptAsync([FromRoute(Name = "run_id")] string runId, HttpContext context)
    {
        if (!RunId.TryParse(runId, out var id) || await grid.GetRunAsync(id, context.RequestAborted) is not { } run)
        {
            return RunsApi.NoSuchRun(runId);
        }
        if (!run.Summary.Status.IsEnded())
        {
            return new ApiProblem(409, ApiCode.NotEnded,
                $"The run {id} is {run.Summary.Status.ToString().ToLowerInvariant()}: it has a receipt when it has ended. Until then " +
                $"GET {RunLinks.SelfOf(id)} shows where it stands.");
        }
        var receipt = RunReceiptBuilder.Build(run).ToJson();
        return Results.Bytes((_key?.Sign(receipt) ?? receipt).Utf8, JsonType);
    }

    private async Task<IResult> JournalAsync([FromRoute(Name = "run_id")] string runId, HttpContext context)
    {
        if (!RunId.TryParse(runId, out var id) || await grid.GetJournalAsync(id, context.RequestAborted) is not { } journal)
        {
            return RunsApi.NoSuchRun(runId);
        }
        return Results.Bytes((RunsApi.SeesAgents(context) ? journal : journal.WithoutErrorDetail()).ToJson().Utf8, JsonType);
    }
}
