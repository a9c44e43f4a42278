using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Agents.Motion;

/// <summary>
/// Stands in for <see cref="MotionGeneratorAgent"/>: the same peeks and the same answer, but coarser and faster. It
/// makes at most 15 frames a second, and the body does nothing but peek.
/// </summary>
[Agent("motion_backup", Capabilities = ["motion_generation"], Priority = 5, MaxConcurrency = 8, TimeoutSeconds = 20)]
public sealed class MotionBackupAgent : IAgent
{
    private const double MaxFps = 15;

    public ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken)
    {
        var directions = MotionSource.Read(invocation);
        directions = directions with { Fps = Math.Min(MaxFps, directions.Fps) };
        return ValueTask.FromResult(MotionWriter.Write(directions, breathing: false, invocation, cancellationToken));
    }
}
