using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using AgentGrid.Api.Hosting;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AgentGrid.ClientApi.Tests;

/// <summary>
/// What a run costs beside a crowd of WebSocket clients: a thousand that wait for other matches or stages, and fifty
/// that have stopped to read. Counted in processor time, because wall time says more about what else the machine does.
/// For measuring: AGENTGRID_CROWD_RUNS=20000.
/// </summary>
[Collection(nameof(Alone))]
public sealed class CrowdTests : IAsyncLifetime
{
    private const int Idle = 1_000;
    private const int Stuck = 50;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentgrid-crowd-");
    private readonly List<IDisposable> _clients = [];
    private WebApplication _app = null!;
    private IAgentGrid _grid = null!;
    private Uri _server = null!;
    private int _keys;

    private static int Phase { get; } = int.Parse(
        Environment.GetEnvironmentVariable("AGENTGRID_CROWD_RUNS") ?? "600", CultureInfo.InvariantCulture);

    public async ValueTask InitializeAsync()
    {
        var config = _folder.CreateSubdirectory("config");
        await File.WriteAllTextAsync(
            Path.Combine(config.FullName, "agents.yaml"), "agents: { echo: { capabilities: [echo], max_concurrency: 1000 } }");
        var line = (CommandLine.Serve)ServerProgram.Parse([
            "--urls", "http://127.0.0.1:0", "--data", Path.Combine(_folder.FullName, "data"), "--config", config.FullName,
            "--AgentGrid:Synchronous", "Normal", "--AgentGrid:DrainTimeout", "00:00:01",
            "--AgentGrid:WebSocketSendTimeout", "00:10:00", "--AgentGrid:WebSocketCloseTimeout", "00:00:00.1"]);
        _app = ServerProgram.Build(line, builder =>
        {
            builder.AddEngine();
            builder.Logging.ClearProviders();
        });
        await _app.StartAsync();
        _grid = _app.Services.GetRequiredService<IAgentGrid>();
        _server = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
    }

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(c => c.Dispose());
        await _app.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task IdleAndStuckClients_DoNotSlowRunsDown()
    {
        await RunAsync(4 * Phase); // the first ones are slower for other reasons
        var alone = await BestAsync();
        for (var i = 0; i < Stuck; i++)
        {
            _clients.Add(await ConnectStuckAsync());
        }
        for (var i = 0; i < Idle; i++)
        {
            var socket = new ClientWebSocket();
            _clients.Add(socket);
            await socket.ConnectAsync(
                new Uri($"ws://{_server.Authority}/ws/agents?{Filter(i)}"), CancellationToken.None);
        }
        await RunAsync(Phase); // until the stuck ones are stuck
        var crowded = await BestAsync();
        for (var i = 0; i < 8 && crowded.Cpu >= 2 * alone.Cpu; i++)
        {
            // Something else may have been in the way; what the crowd itself costs, it costs every time.
            crowded = new[] { crowded, await RunAsync(Phase) }.MinBy(m => m.Cpu);
        }

        var (cost, crowdedCost) = (alone.Cpu, crowded.Cpu);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{alone.Rate:0} runs/s and {cost:0.000} ms of processor a run alone, {crowded.Rate:0} and {crowdedCost:0.000} " +
            $"beside the crowd: {(crowdedCost / cost) - 1:+0.0%;-0.0%}");
        // Generous: batches vary with the machine's load. Waking a thousand readers for each commit costs several times this.
        Assert.True(
            crowdedCost < 2 * cost, $"a run costs {cost:0.000} ms of processor alone, {crowdedCost:0.000} beside the crowd");
    }

    private static string Filter(int i) => i % 2 == 0 ? $"match_id=other-{i}" : $"stage=other-{i % 10}:*";

    private async Task<(double Rate, double Cpu)> BestAsync()
    {
        var measured = new List<(double Rate, double Cpu)>();
        for (var i = 0; i < 3; i++)
        {
            measured.Add(await RunAsync(Phase));
        }
        return measured.MinBy(m => m.Cpu);
    }

    // Runs of the plan's usual shape: seven attempts.
    private async Task<(double Rate, double Cpu)> RunAsync(int count)
    {
        var plan = Json.Parse("""
            {"steps": {"a": {"agent": "echo"}, "b": {"needs": ["a"], "agent": "echo"},
              "c": {"needs": ["b"], "agent": "echo"}, "d": {"needs": ["b"], "agent": "echo"},
              "e": {"needs": ["c", "d"], "agent": "echo"}, "f": {"needs": ["c"], "agent": "echo"},
              "g": {"needs": ["d"], "agent": "echo"}}}
            """);
        var before = Environment.CpuUsage.TotalTime;
        var clock = Stopwatch.StartNew();
        var left = count;
        await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
            {
                var key = new RunKey("m", Interlocked.Increment(ref _keys).ToString(CultureInfo.InvariantCulture));
                var result = await _grid.SubmitAsync(new SubmitRun(key, Json.EmptyObject, InlinePlan: plan));
                var run = Assert.IsType<SubmitResult.Accepted>(result).Run;
                await _grid.WaitForEndAsync(run.RunId, TimeSpan.FromMinutes(1));
            }
        })));
        var cpu = Environment.CpuUsage.TotalTime - before;
        return (count / clock.Elapsed.TotalSeconds, cpu.TotalMilliseconds / count);
    }

    private async Task<TcpClient> ConnectStuckAsync()
    {
        var client = new TcpClient { ReceiveBufferSize = 4_096 };
        await client.ConnectAsync(_server.Host, _server.Port);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"GET /ws/agents?after=0 HTTP/1.1\r\nHost: {_server.Authority}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
        var first = new byte[12];
        await client.GetStream().ReadExactlyAsync(first);
        Assert.Equal("HTTP/1.1 101", Encoding.ASCII.GetString(first));
        return client;
    }
}
