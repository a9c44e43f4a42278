using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Recorder;

/// <summary>Works for <c>ms</c>, and writes down that it did.</summary>
[Agent("recorded", Capabilities = ["recording"])]
public sealed class Recorded : IAgent
{
    public ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken) =>
        Record.WorkAsync(invocation, cancellationToken);
}

/// <summary>The same on a GPU.</summary>
[Agent("recorded_gpu", Capabilities = ["recording_gpu"])]
public sealed class RecordedGpu : IAgent
{
    public ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken) =>
        Record.WorkAsync(invocation, cancellationToken);
}
