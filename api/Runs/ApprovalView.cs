using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Runs;

namespace AgentGrid.Api.Runs;

/// <summary>
/// A step that waits for the decision of a person. Form: what is to be filled in, as a JSON Schema. Given: what it is about.
/// By: the names of the API keys that may decide; empty for all. Since and Until: when it began to wait, and when that is
/// over. Decide: where the decision is posted.
/// </summary>
public sealed record ApprovalView(
    RunId RunId, string MatchId, string Round, string Plan, string Step, string Title, string? Description, Json? Form,
    Json? Given, ImmutableArray<string> By, DateTimeOffset Since, DateTimeOffset Until, string Decide)
{
    internal static IEnumerable<ApprovalView> Of(RunDetails run) =>
        from step in run.Steps
        let asked = step.Wait?.Approval
        where asked is not null
        let wait = step.Wait
        select new ApprovalView(
            run.Summary.RunId, run.Summary.MatchId, run.Summary.Round, run.Summary.Plan, step.Id, asked.Title,
            asked.Description, asked.Form, asked.Given, wait.By, step.StartedAt ?? run.Summary.AcceptedAt,
            wait.Until, $"{RunLinks.SelfOf(run.Summary.RunId)}/approvals/{Uri.EscapeDataString(step.Id)}");
}

/// <summary>Approvals of one page of runs, the newest run first. Next: the cursor of the next page; absent on the last.</summary>
public sealed record ApprovalPage(IReadOnlyList<ApprovalView> Approvals, string? Next);
