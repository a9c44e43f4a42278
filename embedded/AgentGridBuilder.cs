using System.Reflection;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AgentGrid.Embedded;

/// <summary>Puts Agent Grid together: <c>services.AddAgentGrid().AddAgents(assembly).UseEmbeddedEngine()</c>.</summary>
public sealed class AgentGridBuilder(IServiceCollection services)
{
    private readonly List<Assembly> _assemblies = [];
    private readonly List<Type> _types = [];

    public IServiceCollection Services { get; } = services;

    /// <summary>The agents of these assemblies: every class with an <see cref="AgentAttribute"/>.</summary>
    public AgentGridBuilder AddAgents(params Assembly[] assemblies)
    {
        _assemblies.AddRange(assemblies);
        return this;
    }

    /// <summary>One agent.</summary>
    public AgentGridBuilder AddAgent<T>()
        where T : class, IAgent
    {
        _types.Add(typeof(T));
        return this;
    }

    internal AgentCatalog Catalog() => AgentCatalog.Of(_assemblies
        .Distinct().SelectMany(a => a.GetTypes()).Where(t => t.IsDefined(typeof(AgentAttribute), inherit: false))
        .Concat(_types).Distinct());
}

public static class AgentGridServices
{
    /// <summary>The log category of one line per run: completed and cancelled at Information, failed at Warning.</summary>
    public const string RunLogCategory = "AgentGrid.Runs";

    /// <summary>Begins to put Agent Grid together; can be called more than once.</summary>
    public static AgentGridBuilder AddAgentGrid(this IServiceCollection services)
    {
        if (services.FirstOrDefault(s => s.ServiceType == typeof(AgentGridBuilder))?.ImplementationInstance
            is AgentGridBuilder existing)
        {
            return existing;
        }
        var builder = new AgentGridBuilder(services);
        services.AddSingleton(builder);
        services.TryAddSingleton(s => s.GetRequiredService<AgentGridBuilder>().Catalog());
        services.TryAddSingleton(TimeProvider.System);
        return builder;
    }

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
            .Validate(o => !string.IsNullOrWhiteSpace(o.Data), "Data must name a folder.");
        if (configure is not null)
        {
            builder.Services.Configure(configure);
        }
        builder.Services.TryAddSingleton(services => new EmbeddedGrid(
            services.GetRequiredService<IOptions<EmbeddedOptions>>(),
            services.GetRequiredService<AgentCatalog>(),
            agent => (IAgent)ActivatorUtilities.CreateInstance(services, agent.Type),
            new SteadyClock(services.GetRequiredService<TimeProvider>()),
            services.GetRequiredService<ILogger<EmbeddedGrid>>(),
            services.GetRequiredService<ILoggerFactory>().CreateLogger(RunLogCategory)));
        builder.Services.TryAddSingleton<IAgentGrid>(services => services.GetRequiredService<EmbeddedGrid>());
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, EmbeddedGrid>(
            services => services.GetRequiredService<EmbeddedGrid>()));
        return builder;
    }
}
