using AgentGrid.Core.Agents;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Engine;
using AgentGrid.Engine.Agents;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AgentGrid.Embedded;

/// <summary>The embedded engine's place in <c>services.AddAgentGrid().AddAgents(assembly).UseEmbeddedEngine()</c>.</summary>
public static class EmbeddedEngineServices
{
    /// <summary>Drives runs in this process, durable in one file.</summary>
    public static AgentGridBuilder UseEmbeddedEngine(
        this AgentGridBuilder builder, Action<EmbeddedOptions>? configure = null)
    {
        builder.Services.AddOptions<EmbeddedOptions>()
            .Validate(o => o.MaxActiveRuns >= 1, "MaxActiveRuns must be at least 1.")
            .Validate(o => o.MaxQueuedRuns >= 0, "MaxQueuedRuns must not be negative.")
            .Validate(o => o.Retention > TimeSpan.Zero, "Retention must be longer than zero.")
            .Validate(o => o.DrainTimeout >= TimeSpan.Zero, "DrainTimeout must not be negative.")
            .Validate(o => o.CancelGrace >= TimeSpan.Zero, "CancelGrace must not be negative.")
            .Validate(o => o.FeedBuffer >= 1, "FeedBuffer must be at least 1.")
            .Validate(o => o.MaxOutputBytes >= 1, "MaxOutputBytes must be at least 1.")
            .Validate(o => o.MaxItems >= 1, "MaxItems must be at least 1.")
            .Validate(o => o.MaxStepOutputBytes >= 1, "MaxStepOutputBytes must be at least 1.")
            .Validate(o => o.MaxLosses >= Isolation.MostInCompany, $"MaxLosses must be at least {Isolation.MostInCompany}.")
            .Validate(o => !string.IsNullOrWhiteSpace(o.Data), "Data must name a folder.");
        if (configure is not null)
        {
            builder.Services.Configure(configure);
        }
        builder.Services.TryAddSingleton(services => new EmbeddedGrid(
            services.GetRequiredService<IOptions<EmbeddedOptions>>(),
            services.GetRequiredService<AgentCatalog>(),
            agent => AgentFactory.Create(services, agent),
            new SteadyClock(services.GetRequiredService<TimeProvider>()),
            services.GetRequiredService<ILogger<EmbeddedGrid>>(),
            services.GetRequiredService<ILoggerFactory>().CreateLogger(AgentGridServices.RunLogCategory))
        {
            Services = services,
        });
        builder.Services.TryAddSingleton<IAgentGrid>(services => services.GetRequiredService<EmbeddedGrid>());
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, EmbeddedGrid>(
            services => services.GetRequiredService<EmbeddedGrid>()));
        return builder;
    }
}
