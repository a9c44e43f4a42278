using System.Text.Json;
using AgentGrid.Agents.Motion;
using AgentGrid.Agents.Perception;
using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Agents.Prompt;

/// <summary>
/// Writes the motion prompt from what <c>perception</c> found, wherever in the results that is; without it, from the
/// snapshot. The answer: <c>prompt</c> (text) and <c>directions</c> (<c>player</c>, <c>role</c>, <c>start</c>,
/// <c>duration</c>, <c>fps</c>, <c>tempo</c>, <c>pressure</c>, <c>peeks</c>). The input's <c>duration</c> and
/// <c>fps</c> win over what the peeks suggest.
/// </summary>
[Agent("prompt_generator", Capabilities = ["nl_generation"], Priority = 10, MaxConcurrency = 32, TimeoutSeconds = 12)]
public sealed class PromptGeneratorAgent : IAgent
{
    public ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var report = ReadReport(invocation);
        var directions = DirectionsPlanner.Plan(
            report, MotionLimits.Duration(invocation), MotionLimits.Fps(invocation));
        return ValueTask.FromResult(Json.From(new MotionPrompt(PromptText.Write(report, directions), directions)));
    }

    private static PerceptionReport ReadReport(AgentInvocation invocation)
    {
        var found = ResultSearch.Find(invocation, v => ResultSearch.Has(v, "players", JsonValueKind.Array)
            && ResultSearch.Has(v, "total_peeks", JsonValueKind.Number));
        if (found is null)
        {
            return PerceptionAnalysis.Of(MatchSnapshot.Read(invocation));
        }
        try
        {
            return found.Value.Deserialize<PerceptionReport>(Json.Options)!;
        }
        catch (JsonException e)
        {
            throw Parameters.Bad(invocation, $"perception's result does not have the expected shape: {e.Message}", e);
        }
    }
}
