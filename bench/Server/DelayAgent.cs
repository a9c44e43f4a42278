using System.Diagnostics;
using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Bench.Server;

/// <summary>
/// The <c>delay</c> that ships, but precise, and answering with how long it really took: <c>{"slept_ms": 10.08}</c>.
/// </summary>
[Agent("delay")]
internal sealed class DelayAgent : IAgent
{
    private readonly PreciseWait _clock = new();

    public async ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        var ms = invocation.Input.Element.GetProperty("ms").GetDouble();
        await _clock.WaitAsync(TimeSpan.FromMilliseconds(ms)).WaitAsync(cancellationToken).ConfigureAwait(false);
        var slept = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        return Json.Build(writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("slept_ms", slept);
            writer.WriteEndObject();
        });
    }
}

/// <summary>The <c>delay</c> that ships, for the comparison.</summary>
[Agent("net_delay")]
internal sealed class NetDelayAgent(TimeProvider time) : IAgent
{
    public async ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        await new Agents.Patterns.DelayAgent(time).InvokeAsync(invocation, cancellationToken).ConfigureAwait(false);
        return Json.From(new { SleptMs = Stopwatch.GetElapsedTime(start).TotalMilliseconds });
    }
}
