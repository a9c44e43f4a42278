using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Bench.Server;

/// <summary>The default plan's agents without their work.</summary>
internal static class NoOpAgents
{
    internal abstract class NoOp : IAgent
    {
        private static readonly Json Output = Json.Parse("""{"frames": 90}""");

        public ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken) =>
            new(Output);
    }

    [Agent("perception", Capabilities = ["perception"])]
    internal sealed class Perception : NoOp;

    [Agent("prompt_generator", Capabilities = ["nl_generation"])]
    internal sealed class PromptGenerator : NoOp;

    [Agent("motion_generator", Capabilities = ["motion_generation"], Priority = 10)]
    internal sealed class MotionGenerator : NoOp;

    [Agent("motion_backup", Capabilities = ["motion_generation"], Priority = 5)]
    internal sealed class MotionBackup : NoOp;

    [Agent("kinematics_validator", Capabilities = ["validation"])]
    internal sealed class KinematicsValidator : NoOp;

    [Agent("timing_validator", Capabilities = ["validation"])]
    internal sealed class TimingValidator : NoOp;

    [Agent("quality_scorer", Capabilities = ["scoring"])]
    internal sealed class QualityScorer : NoOp;

    [Agent("noop")]
    internal sealed class Nothing : NoOp;

    /// <summary>The same behind few slots: most of its attempts wait for one.</summary>
    [Agent("noop_queued")]
    internal sealed class NothingQueued : NoOp;

    /// <summary>Its output is its input.</summary>
    [Agent("echo")]
    internal sealed class Echo : IAgent
    {
        public ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken) =>
            new(invocation.Input);
    }
}
