using AgentGrid.Core.Grid;
using AgentGrid.Engine.Webhooks;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace AgentGrid.Engine;

/// <summary>Where putting Agent Grid together begins.</summary>
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
        services.AddOptions<WebhookOptions>();
        services.TryAddSingleton<IWebhookSender>(static s => new HttpWebhookSender(
            s.GetRequiredService<IOptions<WebhookOptions>>().Value, s.GetRequiredService<TimeProvider>()));
        return builder;
    }
}
