using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Grid;
using Microsoft.Extensions.AI;

namespace AgentGrid.Kinds.Chat;

/// <summary>Something that a model may call.</summary>
/// <param name="Name">As the model knows it.</param>
/// <param name="Description">What it does; null when nobody has said.</param>
/// <param name="Schema">A JSON schema of its arguments.</param>
/// <param name="Call">Calls it: arguments, the number of the call in its attempt, and what ends it. The answer is for the model.</param>
internal sealed record ChatTool(
    string Name, string? Description, JsonElement Schema, Func<JsonElement, int, CancellationToken, Task<string>> Call);

/// <summary>The tools of one attempt, and how often they were called.</summary>
internal sealed class ToolSet(Dictionary<string, ChatTool> tools, int maxCalls, IAgentProgress progress)
{
    private static readonly ActivitySource s_spans = new(GridInstruments.Name);

    /// <summary>As the model is told of them.</summary>
    public IList<AITool> Declarations { get; } =
        [.. tools.Values.Select(t => AIFunctionFactory.CreateDeclaration(t.Name, t.Description, t.Schema))];

    /// <summary>How many calls there were.</summary>
    public int Calls { get; private set; }

    /// <summary>Makes the calls that a model wants, at once. One that fails tells the model why, and nobody else.</summary>
    /// <exception cref="AgentException">It wants more than it may.</exception>
    public async Task<IList<AIContent>> CallAsync(
        IReadOnlyList<FunctionCallContent> calls, string who, CancellationToken cancellationToken)
    {
        if (Calls + calls.Count > maxCalls)
        {
            throw new AgentException(
                ChatErrors.TooManyCalls,
                $"{who} wanted to call {calls.Count} more tools after {Calls}, but may call {maxCalls}: raise 'max_calls', or ask for less.",
                retryable: false);
        }
        var first = Calls + 1;
        Calls += calls.Count;
        return [.. await Task.WhenAll(calls.Select((call, i) => CallAsync(call, first + i, cancellationToken))).ConfigureAwait(false)];
    }

    private async Task<AIContent> CallAsync(FunctionCallContent call, int number, CancellationToken cancellationToken)
    {
        using var span = s_spans.StartActivity($"execute_tool {call.Name}");
        span?.SetTag("gen_ai.operation.name", "execute_tool").SetTag("gen_ai.tool.name", call.Name)
            .SetTag("gen_ai.tool.call.id", call.CallId).SetTag("gen_ai.tool.type", "function");
        progress.Report(0, string.Create(CultureInfo.InvariantCulture, $"calls {Names.Shorten(call.Name)} ({number} of at most {maxCalls} calls)"));
        try
        {
            return new FunctionResultContent(call.CallId, await AnswerAsync(call, number, cancellationToken).ConfigureAwait(false));
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (AgentException e)
        {
            span?.SetStatus(ActivityStatusCode.Error).SetTag("error.type", e.Code);
            return new FunctionResultContent(call.CallId, $"This call failed with '{e.Code}': {e.Message}");
        }
    }

    private async Task<string> AnswerAsync(FunctionCallContent call, int number, CancellationToken cancellationToken)
    {
        if (!tools.TryGetValue(call.Name, out var tool))
        {
            throw new AgentException("no_tool", $"There is no tool '{Names.Shorten(call.Name)}'; there are {string.Join(", ", tools.Keys)}.");
        }
        if (call.Exception is { } unreadable)
        {
            throw new AgentException("bad_arguments", $"The arguments cannot be read: {unreadable.Message}");
        }
        var arguments = JsonSerializer.SerializeToElement(call.Arguments ?? new Dictionary<string, object?>());
        return await tool.Call(arguments, number, cancellationToken).ConfigureAwait(false);
    }
}
