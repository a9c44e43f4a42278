using AgentGrid.Agents.Motion;
using AgentGrid.Agents.Perception;
using AgentGrid.Agents.Prompt;
using AgentGrid.Agents.Validation;
using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Agents.Tests;

/// <summary>
/// The default plan by hand: each step is given what was posted and the outputs of the steps it needs.
/// </summary>
internal sealed record Pipeline(Json Perception, Json Prompt, Json Motion, Json Kinematics, Json Timing, Json Quality)
{
    public static readonly IAgent Generator = new MotionGeneratorAgent();
    public static readonly IAgent Backup = new MotionBackupAgent();

    public static Pipeline Run(IAgent generator, string posted)
    {
        var perception = Invocations.Run(new PerceptionAgent(), posted);
        var prompt = Invocations.Run(new PromptGeneratorAgent(), posted, results: ("perception", perception));
        var motion = Invocations.Run(generator, posted, results: ("prompt", prompt));
        return new Pipeline(perception, prompt, motion, Kinematics(motion, posted), Timing(motion, posted),
            Quality(motion, posted));

        static Json Kinematics(Json motion, string posted) =>
            Invocations.Run(new KinematicsValidatorAgent(), posted, results: ("motion", motion));
        static Json Timing(Json motion, string posted) =>
            Invocations.Run(new TimingValidatorAgent(), posted, results: ("motion", motion));
        static Json Quality(Json motion, string posted) =>
            Invocations.Run(new QualityScorerAgent(), posted, results: ("motion", motion));
    }
}
