using AgentGrid.Core;
using AgentGrid.Core.Agents;

namespace AgentGrid.Cluster.Tests.Placement;

/// <summary>Agents that say where they are, and what the configuration declares of them.</summary>
internal static class Sizes
{
    public const string Config = """
        queues: { general: { slots: 100 }, gpu: { slots: 100 } }
        agents:
          worker: { max_concurrency: 8, capabilities: [work] }
          small:  { queue: gpu, max_concurrency: 16, resources: { gpu_memory_mb: 1500 } }
          medium: { queue: gpu, max_concurrency: 16, resources: { gpu_memory_mb: 2600 } }
          large:  { queue: gpu, max_concurrency: 16, resources: { gpu_memory_mb: 4096 } }
        """;

    public static readonly Type[] Agents =
        [typeof(Worker), typeof(Small), typeof(Medium), typeof(Large)];

    /// <summary>The GPU memory in MiB.</summary>
    public static long Of(string agent) => agent switch
    {
        "small" => 1_500,
        "medium" => 2_600,
        "large" => 4_096,
        _ => 0,
    };
}

public abstract class OnStage(ILocalSiloDetails silo) : IAgent
{
    public async ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken)
    {
        await Stage.Of(invocation).PlayAsync(invocation, silo.Name, cancellationToken);
        return Json.Parse("{}");
    }
}

[Agent("worker")]
public sealed class Worker(ILocalSiloDetails silo) : OnStage(silo);

[Agent("small")]
public sealed class Small(ILocalSiloDetails silo) : OnStage(silo);

[Agent("medium")]
public sealed class Medium(ILocalSiloDetails silo) : OnStage(silo);

[Agent("large")]
public sealed class Large(ILocalSiloDetails silo) : OnStage(silo);
