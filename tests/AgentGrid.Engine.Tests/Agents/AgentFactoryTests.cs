using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Engine.Agents;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentGrid.Engine.Tests.Agents;

/// <summary>Where agents that are code come from, and who disposes of them.</summary>
public sealed class AgentFactoryTests
{
    [Fact]
    public async Task Agent_OfAClass_IsGivenServicesAndDisposedOf()
    {
        var agents = new List<Named>();
        await UseAsync(
            services => services.AddSingleton(agents).AddSingleton("given").AddAgentGrid().AddAgent<Named>(), "named", "given");

        Assert.Equal(1, Assert.Single(agents).Disposals);
    }

    [Fact]
    public async Task Agent_ThatIsRegisteredAsAService_IsThatService()
    {
        var registered = new Named([], "registered");
        await UseAsync(services => services.AddSingleton(registered).AddAgentGrid().AddAgent<Named>(), "named", "registered");

        Assert.Equal(0, registered.Disposals);
    }

    [Fact]
    public async Task Agent_ThatIsThereAlready_IsUsedAndLeftAlone()
    {
        var instance = new Named([], "mine");
        var catalog = await UseAsync(services => services.AddAgentGrid().AddAgent("other", instance, "work"), "other", "mine");

        Assert.Equal(0, instance.Disposals);
        Assert.Equal(["work"], catalog.Agents["other"].Attribute.Capabilities);
    }

    [Fact]
    public async Task Agent_OfAFactory_IsMadeFromServicesAndDisposedOf()
    {
        Named? made = null;
        await UseAsync(
            services => services.AddSingleton("of the host").AddAgentGrid().AddAgent(
                new AgentAttribute("other") { Priority = 5 }, s => made = new Named([], s.GetRequiredService<string>())),
            "other", "of the host");

        Assert.Equal(1, made!.Disposals);
    }

    [Fact]
    public void Agent_OfANameThatIsTaken_IsRefused()
    {
        var services = new ServiceCollection();
        services.AddAgentGrid().AddAgent<Named>().AddAgent("named", new Named([], ""));
        using var provider = services.BuildServiceProvider();

        var refused = Assert.Throws<InvalidOperationException>(provider.GetRequiredService<AgentCatalog>);

        Assert.Contains("the agent 'named'", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Agent_WhoseConstructorAsksForTooMuch_IsRefusedWithWhatItLacks()
    {
        var services = new ServiceCollection();
        services.AddSingleton("given").AddAgentGrid().AddAgent<Named>();
        using var provider = services.BuildServiceProvider();
        var agent = provider.GetRequiredService<AgentCatalog>().Agents["named"];

        var refused = Assert.Throws<AgentSetupException>(() => AgentFactory.Create(provider, agent));

        Assert.StartsWith(
            $"Agent 'named' cannot be created. The constructor of {typeof(Named).FullName} asks for {typeof(List<Named>)} agents, and no such service",
            refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Agent_WhoseConstructorFails_IsRefusedWithTheReason()
    {
        var services = new ServiceCollection();
        services.AddAgentGrid().AddAgent(new AgentAttribute("broken"), _ => throw new IOException("The model is not there."));
        using var provider = services.BuildServiceProvider();
        var agent = provider.GetRequiredService<AgentCatalog>().Agents["broken"];

        Assert.Equal(
            "Agent 'broken' cannot be created. The model is not there.",
            Assert.Throws<AgentSetupException>(() => AgentFactory.Create(provider, agent)).Message);
    }

    private static async Task<AgentCatalog> UseAsync(Action<IServiceCollection> add, string name, string expected)
    {
        var services = new ServiceCollection();
        add(services);
        await using var provider = services.BuildServiceProvider();
        var catalog = provider.GetRequiredService<AgentCatalog>();
        var instances = new AgentInstances(
            catalog, agent => AgentFactory.Create(provider, agent), Contexts.Of(TimeProvider.System), static _ => true,
            NullLogger.Instance);
        using (var use = instances.Use(name)!.Value)
        {
            var output = await use.Agent.InvokeAsync(null!, TestContext.Current.CancellationToken);
            Assert.Equal($"\"{expected}\"", output.ToString());
        }
        // Before the services are: what is disposed of then is not counted.
        await instances.DisposeAsync();
        return catalog;
    }

    [Agent("named")]
    private sealed class Named : IAgent, IDisposable
    {
        private readonly string _text;

        public Named(List<Named> agents, string text)
        {
            _text = text;
            agents.Add(this);
        }

        public int Disposals { get; private set; }

        public ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken) =>
            ValueTask.FromResult(Json.From(_text));

        public void Dispose() => Disposals++;
    }
}
