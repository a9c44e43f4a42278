using AgentGrid.Core;
using AgentGrid.Core.Agents;
using Microsoft.Extensions.DependencyInjection;

namespace AgentGrid.Engine.Agents;

/// <summary>Makes the agents that are code.</summary>
public static class AgentFactory
{
    /// <summary>
    /// As it was declared; or the service that its class is registered as, such as a typed client of
    /// <c>AddHttpClient&lt;T&gt;</c>; or a new one, whose constructor is given services.
    /// </summary>
    public static IAgent Create(IServiceProvider services, AgentDeclaration agent) =>
        agent.Create is { } create ? create(services)
        : services.GetService(agent.Type) is IAgent registered ? new Borrowed(registered)
        : (IAgent)ActivatorUtilities.CreateInstance(services, agent.Type);

    /// <summary>An agent that somebody else disposes of.</summary>
    internal sealed class Borrowed(IAgent agent) : IAgent
    {
        public ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken) =>
            agent.InvokeAsync(invocation, cancellationToken);
    }
}
