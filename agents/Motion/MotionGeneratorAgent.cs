using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Agents.Motion;

/// <summary>
/// Animates the primary player's peeks on a 22-joint skeleton, 30 frames a second unless the input's <c>fps</c> (1 to
/// 120) says otherwise, as long as the peeks need unless its <c>duration</c> (0.1 to 60 s) does.
/// </summary>
/// <remarks>
/// The answer: <c>generator</c>, <c>player</c> (left out when nobody peeks), <c>start</c> (the first frame's time on
/// the snapshot's clock), <c>fps</c>, <c>duration</c>, <c>frame_count</c>, <c>joints</c>, <c>parents</c>,
/// <c>peeks</c> (seconds from the first frame), <c>frames</c> (for each frame 22 times <c>[x, y, z]</c> in metres).
/// </remarks>
[Agent("motion_generator", Capabilities = ["motion_generation"], Priority = 10, Queue = "gpu", MaxConcurrency = 4,
    TimeoutSeconds = 20)]
public sealed class MotionGeneratorAgent : IAgent
{
    public ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken) =>
        ValueTask.FromResult(
            MotionWriter.Write(MotionSource.Read(invocation), breathing: true, invocation, cancellationToken));
}
