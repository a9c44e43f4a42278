using System.Collections.Concurrent;
using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.TestKit;

/// <summary>Reports that it is half way, and then waits until the test lets the match go.</summary>
[Agent("hold", Capabilities = ["holding"])]
public sealed class HoldAgent : IAgent
{
    private static readonly ConcurrentDictionary<string, TaskCompletionSource> s_gates = new();

    public static void Release(string match) => Gate(match).TrySetResult();

    public async ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken)
    {
        invocation.Progress.Report(0.5, "half way");
        await Gate(invocation.Key.MatchId).Task.WaitAsync(cancellationToken);
        return Json.Parse("""{"held":true}""");
    }

    private static TaskCompletionSource Gate(string match) => s_gates.GetOrAdd(
        match, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
}
