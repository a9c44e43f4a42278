using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using AgentGrid.Api.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AgentGrid.ClientApi.Tests.Fuzz;

/// <summary>
/// The whole server under hostile requests, in one process: there is always an answer, with a reason, and soon. More
/// cases: AGENTGRID_FUZZ_CASES=100000; one case again: AGENTGRID_FUZZ_SEED=its seed, AGENTGRID_FUZZ_CASES=1.
/// </summary>
[Collection(nameof(Alone))]
public sealed class HostileInputTests : IAsyncLifetime
{
    private const long MayGrow = 96L << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // In a second, of a process that has nothing to do.
    private static readonly TimeSpan MayWork = TimeSpan.FromMilliseconds(100);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentgrid-fuzz-");
    private readonly LogLines _log = new(LogLevel.Error);
    private readonly ConcurrentQueue<string> _runs = new();
    private readonly int[] _statuses = new int[600];
    private WebApplication _app = null!;
    private HttpClient _http = null!;
    private Uri _server = null!;

    private static int Cases => FuzzCases.Count(2_500);

    public async ValueTask InitializeAsync()
    {
        var plans = _folder.CreateSubdirectory("config/plans");
        await File.WriteAllTextAsync(Path.Combine(plans.FullName, "echoes.yaml"), """
            default: echoes
            plans: { echoes: { steps: { a: { agent: echo }, b: { needs: [a], agent: echo } } } }
            """);
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "config/agents.yaml"), """
            agents: { echo: { capabilities: [echo] } }
            """);
        var line = (CommandLine.Serve)ServerProgram.Parse([
            "--urls", "http://127.0.0.1:0", "--data", Path.Combine(_folder.FullName, "data"),
            "--config", Path.Combine(_folder.FullName, "config"), "--AgentGrid:MaxWait", "00:00:01",
            "--AgentGrid:Retention", "00:00:10", "--AgentGrid:MaxActiveRuns", "200", "--AgentGrid:MaxQueuedRuns", "200",
            "--AgentGrid:Synchronous", "Normal", "--AgentGrid:DrainTimeout", "00:00:01",
            "--AgentGrid:TrustedHosts:0", "page.example",
            // Large buffers are kept by the threads that have used them, and would hide what is kept for ever.
            "--AgentGrid:MaxBodyBytes", "200000"]);
        _app = ServerProgram.Build(line, builder =>
        {
            builder.AddEngine();
            builder.Logging.ClearProviders().AddProvider(_log);
        });
        await _app.StartAsync();
        _server = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            RequestHeaderEncodingSelector = static (_, _) => Encoding.UTF8,
        })
        {
            Timeout = Patience,
        };
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _app.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task AnyRequest_IsAnsweredWithAReasonAndSoon()
    {
        var warm = Cases / 4;
        await SendAsync(FuzzCases.FirstSeed, warm);
        await ComesToRestAsync();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await SendAsync(FuzzCases.FirstSeed + warm, Cases - warm);
        await ComesToRestAsync();
        var after = GC.GetTotalMemory(forceFullCollection: true);

        Assert.True(after - before < MayGrow, $"memory has grown from {before:N0} to {after:N0} bytes");
        Assert.Empty(_log.Lines);
        // Something of everything: else the cases are too wild to get anywhere, or too tame to be refused.
        if (Cases >= 1_000)
        {
            Assert.All(
                [101, 200, 202, 204, 400, 403, 404, 405, 409, 413, 415],
                status => Assert.True(_statuses[status] > 0, $"no {status} among {Counts()}"));
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{Counts()}; memory {before:N0}, then {after:N0} bytes");
    }

    // What was asked for leaves nothing behind: no feed that is open, and no thread that works.
    private async Task ComesToRestAsync()
    {
        for (var looks = 0; ; looks++)
        {
            var before = Environment.CpuUsage.TotalTime;
            await Task.Delay(TimeSpan.FromSeconds(1));
            var busy = Environment.CpuUsage.TotalTime - before;
            using var health = await _http.GetAsync(new Uri(_server, "/health"));
            var open = JsonElement.Parse(await health.Content.ReadAsByteArrayAsync()).GetProperty("open_feeds").GetInt32();
            if (open == 0 && busy < MayWork)
            {
                return;
            }
            Assert.True(looks < 30, $"{open} feeds are open, and the process works {busy.TotalSeconds:0.00} s in a second");
        }
    }

    private async Task SendAsync(int first, int count)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = 8 };
        await Parallel.ForEachAsync(Enumerable.Range(first, count), options, async (seed, _) =>
        {
            var hostile = FuzzCases.Of(seed, []);
            if (_runs.TryDequeue(out var run))
            {
                _runs.Enqueue(run);
                hostile = FuzzCases.Of(seed, [run]);
            }
            try
            {
                using var request = hostile.ToRequest(_server);
                using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, CancellationToken.None);
                await CheckAsync(response, hostile.Method);
            }
            catch (Exception e)
            {
                Assert.Fail($"seed {seed}: {e.Message}\n{hostile}\n{string.Join('\n', _log.Lines.Take(3))}");
            }
        });
    }

    private async Task CheckAsync(HttpResponseMessage response, string method)
    {
        var status = (int)response.StatusCode;
        Interlocked.Increment(ref _statuses[status]);
        Assert.True(status < 500 || status == 503, $"was answered with {status}");
        if (status == 101 || response.Content.Headers.ContentType?.MediaType == "text/event-stream")
        {
            return; // has no end while the run goes on
        }
        var body = await response.Content.ReadAsByteArrayAsync().WaitAsync(Patience);
        if (status < 400)
        {
            Remember(response.StatusCode, body);
            return;
        }
        if (status == 400 && body.Length == 0 && response.Headers.ConnectionClose == true)
        {
            return; // not HTTP: Kestrel has refused it before the program saw anything
        }
        if (response is { RequestMessage.RequestUri.AbsolutePath: "/a2a", Content.Headers.ContentType.MediaType: "application/json" })
        {
            Assert.NotEqual("", JsonElement.Parse(body).GetProperty("error").GetProperty("message").GetString());
            return;
        }
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        if (method == "HEAD")
        {
            Assert.Empty(body);
            return;
        }
        var problem = JsonElement.Parse(body);
        Assert.StartsWith("AG", problem.GetProperty("code").GetString(), StringComparison.Ordinal);
        Assert.NotEqual("", problem.GetProperty("detail").GetString());
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
        Assert.True(status != 429 || response.Headers.RetryAfter?.Delta is { TotalSeconds: >= 1 and <= 60 });
    }

    private void Remember(HttpStatusCode status, byte[] body)
    {
        if (status == HttpStatusCode.Accepted && _runs.Count < 50
            && JsonElement.Parse(body).TryGetProperty("run_id", out var id))
        {
            _runs.Enqueue(id.GetString()!);
        }
    }

    private string Counts() => string.Join(", ", _statuses.Index().Where(s => s.Item > 0).Select(s => $"{s.Index}: {s.Item}"));
}
