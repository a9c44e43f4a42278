using AgentGrid.Engine.Libraries;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using StandardWebhooks;

namespace MyAgents;

/// <summary>What the agents of this library ask for in their constructors.</summary>
public sealed class Setup : IAgentLibrary
{
    public void Configure(IServiceCollection services, IConfiguration configuration) =>
        services.AddSingleton(new StandardWebhook(configuration["Captions:Secret"]
            ?? throw new InvalidOperationException("The setting Captions:Secret is missing.")));
}
