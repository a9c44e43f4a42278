using System.Collections.Concurrent;
using System.Diagnostics;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;

namespace AgentGrid.Bench.Kinds;

/// <summary>Callers of an agent, in a closed loop, without an engine around it.</summary>
internal static class AgentLoad
{
    /// <summary>An agent of a kind, as a server makes it.</summary>
    /// <param name="keys">All that is said of it, in YAML.</param>
    /// <param name="folder">From where relative paths lead.</param>
    public static IKindAgent Create(IAgentKind kind, string keys, string folder)
    {
        var result = ConfigReader.Read(
            [new ConfigFile("agents.yaml", $"agents: {{ bench: {{ {keys} }} }}")], AgentCatalog.Empty.With(kind));
        return result.Config is { } config
            ? kind.Create(config.Agents["bench"], new AgentKindContext
            {
                FindSecret = _ => "",
                Services = NoServices.Instance,
                Time = TimeProvider.System,
                ConfigFolder = folder,
                CancelGrace = TimeSpan.FromSeconds(10),
                MaxOutputBytes = 1 << 20,
            })
            : throw new InvalidOperationException(string.Join('\n', result.Problems));
    }

    /// <summary>How long each call took, sorted.</summary>
    public static async Task<(double[] LatenciesMs, TimeSpan Elapsed)> RunAsync(IAgent agent, Json input, int callers, TimeSpan time)
    {
        var latencies = new ConcurrentBag<double>();
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
        {
            while (Stopwatch.GetElapsedTime(start) < time)
            {
                var began = Stopwatch.GetTimestamp();
                await agent.InvokeAsync(Invocation(input), default);
                latencies.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
            }
        })));
        var elapsed = Stopwatch.GetElapsedTime(start);
        var sorted = latencies.ToArray();
        Array.Sort(sorted);
        return (sorted, elapsed);
    }

    private static AgentInvocation Invocation(Json input) => new()
    {
        RunId = RunId.Parse("01a202f6e0647131bc18100a246f23e1"),
        Key = new RunKey("bench", "1"),
        Agent = "bench",
        Step = "step",
        Attempt = 1,
        Deadline = DateTimeOffset.UtcNow.AddMinutes(1),
        InputSource = () => input,
    };

    private sealed class NoServices : IServiceProvider
    {
        public static readonly NoServices Instance = new();

        public object? GetService(Type serviceType) => null;
    }
}
