using System.Collections.Immutable;
using System.Reflection;

namespace AgentGrid.Core.Agents;

/// <summary>One agent that is code, as declared by an attribute.</summary>
/// <param name="Type">Its class; if it is made by <see cref="Create"/>, this may just be <see cref="IAgent"/>.</param>
public sealed record AgentDeclaration(string Name, Type Type, AgentAttribute Attribute)
{
    /// <summary>Makes it; null to construct its class.</summary>
    public Func<IServiceProvider, IAgent>? Create { get; init; }
}

/// <summary>The agents that exist as code, by name, and the kinds of those that do not.</summary>
public sealed class AgentCatalog
{
    private static readonly ImmutableSortedDictionary<string, IAgentKind> Nothing =
        ImmutableSortedDictionary<string, IAgentKind>.Empty;

    public static readonly AgentCatalog Empty = new(ImmutableSortedDictionary<string, AgentDeclaration>.Empty, Nothing);

    private AgentCatalog(
        ImmutableSortedDictionary<string, AgentDeclaration> agents, ImmutableSortedDictionary<string, IAgentKind> kinds) =>
        (Agents, Kinds) = (agents, kinds);

    public ImmutableSortedDictionary<string, AgentDeclaration> Agents { get; }

    /// <summary>The ways to be an agent without being a class, by name.</summary>
    public ImmutableSortedDictionary<string, IAgentKind> Kinds { get; }

    /// <summary>The same agents, and agents of these kinds.</summary>
    public AgentCatalog With(params IEnumerable<IAgentKind> kinds) =>
        new(Agents, Kinds.SetItems(kinds.Select(k => KeyValuePair.Create(k.Name, k))));

    /// <summary>The same agents and kinds, and these agents.</summary>
    /// <exception cref="InvalidOperationException">A name is not valid, or there is an agent of that name.</exception>
    public AgentCatalog With(params IEnumerable<AgentDeclaration> agents)
    {
        var all = Agents.ToBuilder();
        foreach (var agent in agents)
        {
            Add(all, agent);
        }
        return new AgentCatalog(all.ToImmutable(), Kinds);
    }

    /// <summary>Finds every class with an <see cref="AgentAttribute"/> in the assemblies.</summary>
    /// <exception cref="InvalidOperationException">
    /// A class is not a concrete <see cref="IAgent"/>, a name is not valid, or two classes have the same name.
    /// </exception>
    public static AgentCatalog Discover(params IEnumerable<Assembly> assemblies) =>
        Of(assemblies.Distinct().SelectMany(a => a.GetTypes())
            .Where(t => t.IsDefined(typeof(AgentAttribute), inherit: false)));

    /// <inheritdoc cref="Discover"/>
    public static AgentCatalog Of(params IEnumerable<Type> types)
    {
        var agents = ImmutableSortedDictionary.CreateBuilder<string, AgentDeclaration>(StringComparer.Ordinal);
        foreach (var type in types)
        {
            var attribute = type.GetCustomAttribute<AgentAttribute>(inherit: false)
                ?? throw new InvalidOperationException($"{type.FullName} has no [Agent] attribute.");
            if (type.IsAbstract || !typeof(IAgent).IsAssignableFrom(type))
            {
                throw new InvalidOperationException(
                    $"{type.FullName} has an [Agent] attribute, so it must be a concrete class that implements IAgent.");
            }
            Add(agents, new AgentDeclaration(attribute.Name, type, attribute));
        }
        return new AgentCatalog(agents.ToImmutable(), Nothing);
    }

    private static void Add(ImmutableSortedDictionary<string, AgentDeclaration>.Builder agents, AgentDeclaration agent)
    {
        if (!Names.IsValid(agent.Name))
        {
            throw new InvalidOperationException($"{agent.Type.FullName}: {Names.Problem("agent name", agent.Name)}");
        }
        if (agents.TryGetValue(agent.Name, out var other))
        {
            throw new InvalidOperationException(
                $"Two classes are both the agent '{agent.Name}': {other.Type.FullName} and {agent.Type.FullName}.");
        }
        agents.Add(agent.Name, agent);
    }
}
