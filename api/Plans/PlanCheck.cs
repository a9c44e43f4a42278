using AgentGrid.Core;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Plans;

namespace AgentGrid.Api.Plans;

/// <summary>What is wrong with a plan; or the plan, when nothing is.</summary>
/// <param name="Problems">In the order of their places; empty when the plan can be run.</param>
/// <param name="Warnings">What is allowed, and most likely not what was meant; in the order of the places.</param>
/// <param name="Version">What runs of it would show as <c>plan_version</c>; absent when there are problems.</param>
/// <param name="Plan">In canonical form, as it can be posted inline; absent when there are problems.</param>
public sealed record PlanCheck(
    IReadOnlyList<PlanProblem> Problems, IReadOnlyList<PlanProblem> Warnings, string? Version, Json? Plan)
{
    public static PlanCheck Of(PlanResult result) => new(
        [.. result.Problems.Select(PlanProblem.Of)], [.. result.Warnings.Select(PlanProblem.Of)], result.Plan?.Version,
        result.Plan?.ToInline());
}

/// <summary>One mistake in a plan, or a warning of one, and where.</summary>
/// <param name="Line">From 1; absent where the mistake is not at one place.</param>
/// <param name="Column">From 1, in characters; absent like the line.</param>
/// <param name="Path">Where in the document: <c>steps.motion.needs[0]</c>; empty where that cannot be said.</param>
/// <param name="Code">Stable: <c>AG1011</c>.</param>
/// <param name="Message">What was expected, what came, and the remedy.</param>
public sealed record PlanProblem(int? Line, int? Column, string Path, string Code, string Message)
{
    public static PlanProblem Of(ConfigProblem problem) => new(
        problem.Line > 0 ? problem.Line : null, problem.Column > 0 ? problem.Column : null,
        problem.Path, problem.Code, problem.Message);
}
