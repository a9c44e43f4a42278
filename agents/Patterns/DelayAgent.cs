using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Agents.Patterns;

/// <summary>
/// For trying out timeouts, hedges and cancellation: waits <c>ms</c> milliseconds (0 to 86,400,000) and answers
/// <c>{"slept_ms": ms}</c>. Cancellation ends the wait at once.
/// </summary>
[Agent("delay", MaxConcurrency = 64)]
public sealed class DelayAgent(TimeProvider? time = null) : IAgent
{
    private const long LongestMs = 24 * 60 * 60 * 1000;

    private readonly TimeProvider _time = time ?? TimeProvider.System;

    public async ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken)
    {
        var ms = Parameters.Number(invocation, "ms", 0, LongestMs)
            ?? throw Parameters.Bad(invocation, "'ms' is missing. Say how long to wait: input: { ms: 250 }.");
        await Task.Delay(TimeSpan.FromMilliseconds(ms), _time, cancellationToken).ConfigureAwait(false);
        return Json.From(new DelayOutput(ms));
    }

    private sealed record DelayOutput(double SleptMs);
}
