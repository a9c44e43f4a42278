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
    /// <exception cref="AgentSetupException">It cannot be made; the message says what its constructor lacks.</exception>
    public static IAgent Create(IServiceProvider services, AgentDeclaration agent)
    {
        try
        {
            return agent.Create is { } create ? create(services)
                : services.GetService(agent.Type) is IAgent registered ? new Borrowed(registered)
                : (IAgent)ActivatorUtilities.CreateInstance(services, agent.Type);
        }
        catch (Exception e)
        {
            throw new AgentSetupException($"Agent '{agent.Name}' cannot be created. {Lack(services, agent) ?? e.Message}", e);
        }
    }

    // What a class asks for in vain; null when it is something else that went wrong.
    private static string? Lack(IServiceProvider services, AgentDeclaration agent)
    {
        if (agent.Create is not null || agent.Type.GetConstructors() is not [var constructor]
            || services.GetService<IServiceProviderIsService>() is not { } known)
        {
            return null;
        }
        var lacking = constructor.GetParameters()
            .Where(p => !p.HasDefaultValue && !known.IsService(p.ParameterType)).ToArray();
        return lacking.Length == 0 ? null
            : $"The constructor of {agent.Type.FullName} asks for {string.Join(", ", lacking.Select(p => $"{p.ParameterType} {p.Name}"))},"
                + " and no such service is registered. Register it: in a library that a program loads, with a class that implements"
                + " AgentGrid.Engine.Libraries.IAgentLibrary; in a host of your own, with its services.";
    }

    /// <summary>An agent that somebody else disposes of.</summary>
    internal sealed class Borrowed(IAgent agent) : IAgent
    {
        public ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken) =>
            agent.InvokeAsync(invocation, cancellationToken);
    }
}
