using System.Collections.Immutable;
using AgentGrid.Api.Settings;
using AgentGrid.Silo.Hosting;
using AgentGrid.Silo.Settings;

namespace AgentGrid.Silo.Modes;

/// <summary>What of a process depends on where runs are kept, and on who else may keep them there.</summary>
internal interface ISiloMode
{
    /// <summary>The settings that mean nothing in another mode.</summary>
    ImmutableArray<string> Settings { get; }

    /// <summary>What is said of such a setting in another mode; it follows the name.</summary>
    string WhyMeaningless { get; }

    /// <summary>Looks at those that <see cref="SiloSettings"/> does not have, and notes every mistake.</summary>
    void Check(SectionReader reader);

    /// <summary>Adds the store of runs.</summary>
    void AddStore(WebApplicationBuilder builder, SiloSettings settings);

    /// <summary>Tells a silo how it finds others, where grains keep their state, and what carries events.</summary>
    void Configure(ISiloBuilder silo, SiloSettings settings, SiloAddresses addresses);

    /// <summary>Adds what runs beside a silo, and is started after it.</summary>
    void AddBeside(IServiceCollection services);

    /// <summary>Adds the grid that the client API serves.</summary>
    void AddGrid(WebApplicationBuilder builder, SiloSettings settings);

    /// <summary>Looks, before anything is started, whether it can be.</summary>
    /// <exception cref="Exception">It cannot; the message says why.</exception>
    Task PrepareAsync(IServiceProvider services, CancellationToken cancellationToken);

    /// <summary>Makes what is kept sound, and says what was dropped.</summary>
    Task RecoverAsync(IServiceProvider services, CancellationToken cancellationToken);

    /// <summary>Where runs are: <c>runs in Redis 10.0.0.7:6379, cluster 'agentgrid'</c>.</summary>
    string Place(IServiceProvider services);
}
