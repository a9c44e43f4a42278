using System.Reflection;
using AgentGrid.Core.Agents;
using Microsoft.Extensions.DependencyInjection;

namespace AgentGrid.Engine;

/// <summary>Puts Agent Grid together: <c>services.AddAgentGrid().AddAgents(assembly)</c>, and then an engine.</summary>
public sealed class AgentGridBuilder(IServiceCollection services)
{
    private readonly List<Assembly> _assemblies = [];
    private readonly List<Type> _types = [];
    private readonly List<IAgentKind> _kinds = [];

    /// <summary>What it is put into; engines add themselves here.</summary>
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

    /// <summary>Kinds of agents that need no class: <c>kind: process</c> in <c>agents.yaml</c>.</summary>
    public AgentGridBuilder AddKinds(params IEnumerable<IAgentKind> kinds)
    {
        _kinds.AddRange(kinds);
        return this;
    }

    internal AgentCatalog Catalog() => AgentCatalog.Of(_assemblies
        .Distinct().SelectMany(a => a.GetTypes()).Where(t => t.IsDefined(typeof(AgentAttribute), inherit: false))
        .Concat(_types).Distinct()).With(_kinds);
}
