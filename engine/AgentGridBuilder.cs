using System.Reflection;
using AgentGrid.Core.Agents;
using AgentGrid.Engine.Agents;
using AgentGrid.Engine.Libraries;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace AgentGrid.Engine;

/// <summary>Puts Agent Grid together: <c>services.AddAgentGrid().AddAgents(assembly)</c>, and then an engine.</summary>
public sealed class AgentGridBuilder(IServiceCollection services)
{
    private readonly List<Assembly> _assemblies = [];
    private readonly List<Type> _types = [];
    private readonly List<AgentDeclaration> _agents = [];
    private readonly List<IAgentKind> _kinds = [];

    /// <summary>What it is put into; engines add themselves here.</summary>
    public IServiceCollection Services { get; } = services;

    /// <summary>The agents of these assemblies: every class with an <see cref="AgentAttribute"/>.</summary>
    public AgentGridBuilder AddAgents(params Assembly[] assemblies)
    {
        _assemblies.AddRange(assemblies);
        return this;
    }

    /// <summary>The agents of libraries that are files, and the services that these add.</summary>
    /// <param name="paths">Their .dll files, as a build has made them.</param>
    /// <param name="configuration">What they are told of the settings of this program.</param>
    /// <exception cref="AgentSetupException">One cannot be loaded; the message says why, and the remedy.</exception>
    public AgentGridBuilder AddLibraries(IEnumerable<string> paths, IConfiguration configuration)
    {
        foreach (var library in paths.Select(Path.GetFullPath).Distinct().Select(AgentLibrary.Load))
        {
            library.Configure(Services, configuration);
            _assemblies.Add(library.Assembly);
        }
        return this;
    }

    /// <summary>One agent.</summary>
    public AgentGridBuilder AddAgent<T>()
        where T : class, IAgent
    {
        _types.Add(typeof(T));
        return this;
    }

    /// <summary>One agent that is there already. It is not disposed of here.</summary>
    /// <param name="name">Unique; letters, digits, '_', '-' and '.'.</param>
    /// <param name="capabilities">What it can do; none for one that is reached by its name alone.</param>
    public AgentGridBuilder AddAgent(string name, IAgent agent, params string[] capabilities) =>
        Add(new AgentAttribute(name) { Capabilities = capabilities }, agent.GetType(), _ => new AgentFactory.Borrowed(agent));

    /// <summary>One agent that is made when the engine starts, and disposed of when it stops.</summary>
    /// <param name="declaration">Its name, and what it can do.</param>
    /// <param name="create">Makes it, from the services of the host.</param>
    public AgentGridBuilder AddAgent(AgentAttribute declaration, Func<IServiceProvider, IAgent> create) =>
        Add(declaration, typeof(IAgent), create);

    /// <summary>Kinds of agents that need no class: <c>kind: process</c> in <c>agents.yaml</c>.</summary>
    public AgentGridBuilder AddKinds(params IEnumerable<IAgentKind> kinds)
    {
        _kinds.AddRange(kinds);
        return this;
    }

    internal AgentCatalog Catalog() => AgentCatalog.Of(_assemblies
        .Distinct().SelectMany(a => a.GetTypes()).Where(t => t.IsDefined(typeof(AgentAttribute), inherit: false))
        .Concat(_types).Distinct()).With(_agents).With(_kinds);

    private AgentGridBuilder Add(AgentAttribute declaration, Type type, Func<IServiceProvider, IAgent> create)
    {
        _agents.Add(new AgentDeclaration(declaration.Name, type, declaration) { Create = create });
        return this;
    }
}
