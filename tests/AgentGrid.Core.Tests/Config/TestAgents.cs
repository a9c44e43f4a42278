using AgentGrid.Core.Agents;

namespace AgentGrid.Core.Tests.Config;

/// <summary>Agents that exist only by their attributes: the names that the repository's own files speak of.</summary>
internal static class TestAgents
{
    public static readonly AgentCatalog Catalog = AgentCatalog.Of(
        typeof(Perception), typeof(PromptGenerator), typeof(MotionGenerator), typeof(MotionBackup),
        typeof(KinematicsValidator), typeof(TimingValidator), typeof(QualityScorer), typeof(Echo));

    public abstract class Silent : IAgent
    {
        public ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken) =>
            throw new NotSupportedException("Agents are only declared here.");
    }

    [Agent("perception", Capabilities = ["perception"])]
    public sealed class Perception : Silent;

    [Agent("prompt_generator", Capabilities = ["nl_generation"])]
    public sealed class PromptGenerator : Silent;

    [Agent("motion_generator", Capabilities = ["motion_generation"], Priority = 7, Queue = "gpu", MaxConcurrency = 3,
        TimeoutSeconds = 2.5)]
    public sealed class MotionGenerator : Silent;

    [Agent("motion_backup", Capabilities = ["motion_generation"])]
    public sealed class MotionBackup : Silent;

    [Agent("kinematics_validator", Capabilities = ["validation"])]
    public sealed class KinematicsValidator : Silent;

    [Agent("timing_validator", Capabilities = ["validation"])]
    public sealed class TimingValidator : Silent;

    [Agent("quality_scorer", Capabilities = ["scoring"])]
    public sealed class QualityScorer : Silent;

    [Agent("echo")]
    public sealed class Echo : Silent;

    [Agent("impossible", MaxConcurrency = 0, Priority = 2_000, TimeoutSeconds = double.NaN, Queue = "no queue")]
    public sealed class Impossible : Silent;
}
