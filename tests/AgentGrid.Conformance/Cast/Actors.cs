using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;

namespace AgentGrid.Conformance.Cast;

/// <summary>
/// The agents that play scripts. alpha, bravo and charlie do the same work, in this order of preference; narrow and
/// solo have few slots; left and right share the two slots of their queue; the others are the default plan's.
/// </summary>
public static class Actors
{
    public static readonly ImmutableArray<Type> All =
    [
        typeof(Alpha), typeof(Bravo), typeof(Charlie), typeof(Narrow), typeof(Solo), typeof(Crumbly), typeof(Left),
        typeof(Right), typeof(Perception), typeof(Prompt), typeof(Motion), typeof(Backup), typeof(Kinematics),
        typeof(Timing), typeof(Scorer),
    ];

    /// <summary>The queue that left and right share, and the quick start's plan.</summary>
    public static readonly ConfigFile Config = new("agents.yaml", """
        queues:
          tight: { slots: 2 }
        agents:
          left:  { queue: tight, max_concurrency: 8 }
          right: { queue: tight, max_concurrency: 8 }
        """);

    public static readonly ConfigFile DefaultPlan = new("plans/tactical_motion.yaml", """
        default: tactical_motion
        plans:
          tactical_motion:
            steps:
              perception: { capability: perception, timeout: 15s }
              prompt:     { needs: [perception], capability: nl_generation, timeout: 12s }
              motion:
                { needs: [prompt], capability: motion_generation, mode: race, candidates: 2, hedge_after: 0s, timeout: 20s }
              validators:
                { needs: [motion], capability: [validation, scoring], mode: all, require: all, on_none: skip, timeout: 20s }
            result:
              frames: motion.frame_count
        """);

    private abstract class Actor : IAgent
    {
        public ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken) =>
            Script.PlayAsync(invocation, cancellationToken);
    }

    [Agent("alpha", Capabilities = ["work"], Priority = 30)]
    private sealed class Alpha : Actor;

    [Agent("bravo", Capabilities = ["work"], Priority = 20)]
    private sealed class Bravo : Actor;

    [Agent("charlie", Capabilities = ["work"], Priority = 10)]
    private sealed class Charlie : Actor;

    [Agent("narrow", Capabilities = ["tunnel"], Priority = 10, MaxConcurrency = 3)]
    private sealed class Narrow : Actor;

    [Agent("solo", Capabilities = ["tunnel"], Priority = 20, MaxConcurrency = 1)]
    private sealed class Solo : Actor;

    [Agent("crumbly")]
    private sealed class Crumbly : Actor;

    [Agent("left")]
    private sealed class Left : Actor;

    [Agent("right")]
    private sealed class Right : Actor;

    [Agent("perception", Capabilities = ["perception"])]
    private sealed class Perception : Actor;

    [Agent("prompt_generator", Capabilities = ["nl_generation"])]
    private sealed class Prompt : Actor;

    [Agent("motion_generator", Capabilities = ["motion_generation"], Priority = 10)]
    private sealed class Motion : Actor;

    [Agent("motion_backup", Capabilities = ["motion_generation"], Priority = 5)]
    private sealed class Backup : Actor;

    [Agent("kinematics_validator", Capabilities = ["validation"])]
    private sealed class Kinematics : Actor;

    [Agent("timing_validator", Capabilities = ["validation"])]
    private sealed class Timing : Actor;

    [Agent("quality_scorer", Capabilities = ["scoring"])]
    private sealed class Scorer : Actor;
}
