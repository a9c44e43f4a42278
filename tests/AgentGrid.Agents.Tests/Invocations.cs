using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.InteropServices;
using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Agents.Tests;

/// <summary>
/// Invokes agents as an engine does: the input is what was posted, with results and step input laid over.
/// </summary>
internal static class Invocations
{
    public static AgentInvocation Of(
        IAgent agent, string posted = "{}", string? stepInput = null, IAgentProgress? progress = null, int @try = 1,
        int attempt = 1, params (string Step, Json Output)[] results)
    {
        var invocation = new AgentInvocation
        {
            RunId = RunId.Parse("0123456789abcdef0123456789abcdef"),
            Key = new RunKey("match_123", "round_4"),
            Agent = agent.GetType().GetCustomAttribute<AgentAttribute>()!.Name,
            Step = "step",
            Attempt = attempt,
            Try = @try,
            Deadline = DateTimeOffset.UnixEpoch.AddHours(1),
            InputSource = () => Compose(posted, stepInput, results),
            Results = results.ToImmutableDictionary(r => r.Step, r => r.Output),
            Progress = progress ?? new RecordedProgress(),
        };
        return invocation;
    }

    public static Json Run(
        IAgent agent, string posted = "{}", string? stepInput = null, params (string Step, Json Output)[] results) =>
        Run(agent, Of(agent, posted, stepInput, results: results));

    /// <summary>Runs an agent that needs no waiting: its answer must be there when the call returns.</summary>
    public static Json Run(IAgent agent, AgentInvocation invocation, CancellationToken cancellationToken = default)
    {
        var answer = agent.InvokeAsync(invocation, cancellationToken);
        Assert.True(answer.IsCompleted);
        return answer.GetAwaiter().GetResult();
    }

    private static Json Compose(string posted, string? stepInput, (string Step, Json Output)[] results)
    {
        var properties = new SortedDictionary<string, Json>(StringComparer.Ordinal);
        Lay(Json.Parse(posted));
        foreach (var (step, output) in results)
        {
            properties[step] = output;
        }
        Lay(Json.Parse(stepInput ?? "{}"));
        return Json.From(properties);

        void Lay(Json layer)
        {
            foreach (var property in layer.Element.EnumerateObject())
            {
                properties[property.Name] = Json.Trusted(JsonMarshal.GetRawUtf8Value(property.Value).ToArray());
            }
        }
    }
}

internal sealed class RecordedProgress(Action? onReport = null) : IAgentProgress
{
    public List<double> Fractions { get; } = [];

    public void Report(double fraction, string? message = null)
    {
        Fractions.Add(fraction);
        onReport?.Invoke();
    }
}
