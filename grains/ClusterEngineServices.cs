using AgentGrid.Core.Agents;
using AgentGrid.Engine;
using AgentGrid.Engine.Agents;
using AgentGrid.Engine.Store;
using AgentGrid.Grains.Dispatch;
using AgentGrid.Grains.Driving;
using AgentGrid.Grains.Nodes;
using AgentGrid.Grains.Recovery;
using AgentGrid.Grains.Schedules;
using AgentGrid.Grains.Telemetry;
using AgentGrid.RunLog.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Serialization;

namespace AgentGrid.Grains;

/// <summary>Makes an Orleans silo a node of Agent Grid.</summary>
public static class ClusterEngineServices
{
    // Grains whose silo a silo remembers: of runs under way, and of agents on nodes.
    private const int CachedAddresses = 20_000;

    /// <summary>
    /// Adds the grains' services and the placement of agents. The agents come from <c>services.AddAgentGrid()</c>; the
    /// silo must have an <see cref="IRunStore"/>, and the storage and the streams that
    /// <see cref="GrainInterfaces.ClusterNames"/> names. The options must be final: what a silo says of its hardware
    /// when it joins does not change.
    /// </summary>
    public static ISiloBuilder AddAgentGrid(this ISiloBuilder silo, ClusterEngineOptions options)
    {
        var services = silo.Services;
        services.AddAgentGrid();
        services.TryAddSingleton(Options.Create(options));
        services.TryAddSingleton<Gpus>();
        services.TryAddSingleton<ActiveRuns>();
        services.TryAddSingleton<LocalDispatcher>();
        services.TryAddSingleton<LoadCache>();
        services.TryAddSingleton<ClusterEngine>();
        services.TryAddSingleton<ReleasedSlots>();
        services.TryAddSingleton<ReportedOutcomes>();
        services.TryAddSingleton<RedisReach>();
        services.TryAddSingleton(CreateNode);
        services.TryAddSingleton<ILocalNode>(s => s.GetRequiredService<Node>());
        services.AddHostedService(s => s.GetRequiredService<ReleasedSlots>());
        services.AddHostedService(s => s.GetRequiredService<ReportedOutcomes>());
        services.TryAddSingleton<ClusterLife>();
        services.AddHostedService(s => s.GetRequiredService<ClusterLife>());
        services.AddHostedService<RunRecovery>();
        services.AddHostedService<RunDurations>();
        services.AddHostedService<SiloSchedules>();
        services.AddHostedService<NodeGauges>();
        services.AddHostedService<NodeReporter>();
        // Whoever calls a grain must be able to tell that Redis was away, and not that an answer could not be read.
        services.Configure<ExceptionSerializationOptions>(o => o.SupportedExceptionTypeFilter = static _ => true);
        // Orleans makes room for a million at once, and walks through it whenever a silo comes or goes.
        services.Configure<GrainDirectoryOptions>(static o => o.CacheSize = CachedAddresses);
        silo.AddPlacementDirector<OnNodePlacement, OnNodeDirector>();
        silo.UseSiloMetadata(NodeMetadata.Of(options.Queues, LargestGpu(options)));
        return silo;
    }

    private static Node CreateNode(IServiceProvider services) => new(
        services.GetRequiredService<IOptions<ClusterEngineOptions>>(),
        services.GetRequiredService<AgentCatalog>(),
        agent => AgentFactory.Create(services, agent),
        services,
        new SteadyClock(services.GetRequiredService<TimeProvider>()),
        services.GetRequiredService<ILocalSiloDetails>(),
        services.GetRequiredService<IGrainFactory>(),
        services.GetRequiredService<ReleasedSlots>(),
        services.GetRequiredService<Gpus>(),
        services.GetRequiredService<ILogger<Node>>());

    private static long? LargestGpu(ClusterEngineOptions options)
    {
        if (!options.AccountGpuMemory)
        {
            return null;
        }
        if (options.GpuMemoryMb is { } declared)
        {
            return declared.IsEmpty ? 0 : declared.Max() << 20;
        }
        using var nvml = Nvml.TryOpen(out _);
        return nvml is null ? 0 : nvml.Read().Select(g => g.TotalBytes).DefaultIfEmpty(0).Max();
    }
}
