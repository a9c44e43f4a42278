using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;
using AgentGrid.Kinds.Http;
using AgentGrid.Kinds.Tests.Process;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Kinds.Tests.Http;

/// <summary>Agents of kinds, made of YAML as servers make them.</summary>
internal static class Agents
{
    public static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    /// <summary>An agent of the kind <c>http</c>.</summary>
    public static IKindAgent Http(string keys, int maxOutputBytes = 100_000, TestLog? log = null) =>
        Of(new HttpKind(), $"kind: http, {keys}", maxOutputBytes, log);

    public static IKindAgent Of(IAgentKind kind, string keys, int maxOutputBytes = 100_000, TestLog? log = null)
    {
        var result = Read(kind, keys);
        Assert.Empty(result.Problems);
        return kind.Create(result.Config!.Agents["tested"], Context(maxOutputBytes, log));
    }

    /// <summary>What is said of the agent 'tested' with these keys, on line 2.</summary>
    public static ConfigResult Read(IAgentKind kind, string keys) => ConfigReader.Read(
        [new ConfigFile("agents.yaml", $"agents:\n  tested: {{ {keys} }}\n")], AgentCatalog.Empty.With(kind));

    public static async Task<Json> RunAsync(this IKindAgent agent, string input = "{}", IAgentProgress? progress = null) =>
        await agent.InvokeAsync(Programs.Invocation(input, progress), default).AsTask().WaitAsync(Soon);

    public static async Task<AgentException> FailAsync(this IKindAgent agent, string input = "{}") =>
        await Assert.ThrowsAsync<AgentException>(() => agent.RunAsync(input));

    public static AgentKindContext Context(int maxOutputBytes, TestLog? log, string? folder = null, TimeProvider? time = null, bool leasesGpuMemory = false) => new()
    {
        ConfigFolder = folder,
        LeasesGpuMemory = leasesGpuMemory,
        FindSecret = r => r.Source == SecretSource.Environment
            ? Environment.GetEnvironmentVariable(r.Name) ?? throw new AgentException("no_secret", $"There is no {r.Name}.")
            : File.ReadAllText(r.Name),
        Services = new Services(log ?? new TestLog()),
        Time = time ?? TimeProvider.System,
        CancelGrace = TimeSpan.FromSeconds(10),
        MaxOutputBytes = maxOutputBytes,
    };

    private sealed class Services(TestLog log) : IServiceProvider, ILoggerFactory
    {
        public object? GetService(Type serviceType) => serviceType == typeof(ILoggerFactory) ? this : null;

        public ILogger CreateLogger(string categoryName) => log;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public void Dispose()
        {
        }
    }
}
