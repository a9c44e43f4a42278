using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using AgentGrid.Api.Callbacks;
using AgentGrid.Api.Health;
using AgentGrid.Api.Hosting;
using AgentGrid.Api.Security;
using AgentGrid.Core.Agents;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StandardWebhooks;

namespace AgentGrid.ClientApi.Tests;

/// <summary>
/// Attempts whose service posts the result later, signed by the library that services use: what is taken, what is refused, and
/// what becomes of an attempt for which nothing comes.
/// </summary>
public sealed class CallbackTests(CallbackTests.Server server) : IClassFixture<CallbackTests.Server>
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private static int s_rounds;

    [Fact]
    public async Task Post_ThatIsSigned_IsTheOutput_AndSentAgainChangesNothing()
    {
        var (run, address) = await StartAsync();

        var first = await PostAsync(address, """{"status":"running","progress":0.5,"message":"half"}""");
        var statuses = new[] { await PostAsync(address, """{"frames":[1]}"""), await PostAsync(address, """{"frames":[2]}""") };

        Assert.Equal(HttpStatusCode.NoContent, first);
        Assert.Equal(HttpStatusCode.NoContent, statuses[0]);
        // The attempt may or may not be over by then.
        Assert.Contains(statuses[1], new[] { HttpStatusCode.NoContent, HttpStatusCode.Gone });
        var ended = await EndOfAsync(run);
        Assert.Equal("""{"render":{"frames":[1]}}""", ended.Text("result"));
        await Limits.UntilAsync(
            async () => await PostAsync(address, """{"frames":[3]}""") == HttpStatusCode.Gone, () => "the address is open");
    }

    [Fact]
    public async Task Post_OfAFailure_IsOne()
    {
        var (run, address) = await StartAsync();

        await PostAsync(address, """{"status":"failed","error":{"code":"no_scene","message":"there is no scene","retryable":false}}""");

        var ended = await EndOfAsync(run);
        Assert.Equal("failed", ended.Text("status"));
        Assert.Contains("there is no scene", ended.GetProperty("error").Text("message"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Post_ThatIsNotSignedAsItMustBe_IsRefused_AndTheAttemptWaitsOn()
    {
        var (run, address) = await StartAsync();

        Assert.Equal(HttpStatusCode.Unauthorized, await PostAsync(address, "{}", secret: "whsec_c29tZWJvZHkgZWxzZQ=="));
        Assert.Equal(HttpStatusCode.Unauthorized, await PostAsync(address, "{}", signed: """{"a":1}"""));
        Assert.Equal(HttpStatusCode.Unauthorized, await PostAsync(address, "{}", age: TimeSpan.FromMinutes(6)));
        Assert.Equal(HttpStatusCode.Unauthorized, await PostAsync(address, "{}", age: TimeSpan.FromMinutes(-6)));
        Assert.Equal(HttpStatusCode.BadRequest, await PostAsync(address, "{"));
        using var bare = await server.Http.PostAsync(address, new StringContent("{}", Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.Unauthorized, bare.StatusCode);
        using var elsewhere = await server.Http.PostAsync(
            new Uri(address, new string('0', 64)), new StringContent("{}", Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.Gone, elsewhere.StatusCode);

        // Within the tolerance, and with another signature before the right one.
        Assert.Equal(HttpStatusCode.NoContent, await PostAsync(address, "7", age: TimeSpan.FromMinutes(4), before: "v1,bm90IHRoaXM= v1a,x "));
        Assert.Equal("""{"render":7}""", (await EndOfAsync(run)).Text("result"));
    }

    [Fact]
    public async Task Attempt_ForWhichNothingComes_TimesOut_AndItsAddressIsGone()
    {
        var (run, address) = await StartAsync("impatient");

        var ended = await EndOfAsync(run);

        Assert.Equal("failed", ended.Text("status"));
        Assert.Equal("timeout", ended.GetProperty("steps")[0].GetProperty("attempts")[0].GetProperty("error").Text("code"));
        await Limits.UntilAsync(
            async () => await PostAsync(address, "{}") == HttpStatusCode.Gone && server.Withdrawn.Contains($"DELETE /jobs/{run}"),
            () => "the address is open, or the work was not withdrawn");
    }

    [Theory]
    [InlineData("http://10.0.0.7:8000", "http://10.0.0.7:8000/callbacks/")]
    [InlineData("https://grid.example/agents/", "https://grid.example/agents/callbacks/")]
    public void Address_IsWhereTheProcessIsReached_AndOfOneAttempt(string reached, string begins)
    {
        var desk = new CallbackDesk(Options.Create(new ApiOptions { CallbackUrl = new Uri(reached) }));

        using var one = desk.Open(static _ => null, 1);
        using var other = desk.Open(static _ => null, 1);

        Assert.StartsWith(begins, one.Url.AbsoluteUri, StringComparison.Ordinal);
        Assert.NotEqual(one.Url, other.Url);
    }

    [Fact]
    public void Address_OfAProcessThatNobodyCanReach_IsAnErrorWithTheRemedy()
    {
        var desk = new CallbackDesk(Options.Create(new ApiOptions()));

        var error = Assert.Throws<AgentException>(() => desk.Open(static _ => null, 1));

        Assert.Equal(("bad_config", false), (error.Code, error.Retryable));
        Assert.Contains("AgentGrid:CallbackUrl", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://127.0.0.1:8001", "http://127.0.0.1:8001/callbacks/")]
    [InlineData("http://127.0.0.1:8001;http://10.0.0.7:8000", "http://10.0.0.7:8000/callbacks/")]
    public void Address_IsKnownBeforeTheServerBegins(string listens, string begins)
    {
        // Runs that go on are begun first.
        var desk = DeskOf(new ApiOptions(), listens);

        using var address = desk.Open(static _ => null, 1);

        Assert.StartsWith(begins, address.Url.AbsoluteUri, StringComparison.Ordinal);
    }

    [Fact]
    public void Address_OfAProcessThatListensNowhere_IsAnErrorWhateverItIsTold()
    {
        var desk = DeskOf(new ApiOptions { CallbackUrl = new Uri("http://10.0.0.7:8000") }, "");

        var error = Assert.Throws<AgentException>(() => desk.Open(static _ => null, 1));

        Assert.Contains("--urls", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://*:8000", "10.0.0.7", "http://10.0.0.7:8000/")]
    [InlineData("http://127.0.0.1:1;http://[::]:8000", "fd00::7", "http://[fd00::7]:8000/")]
    [InlineData("http://10.0.0.7:8000", "10.0.0.8", null)]
    [InlineData("https://*:8000", "10.0.0.7", null)]
    [InlineData("http://*:0", "10.0.0.7", null)]
    public void Address_OfAMemberOfAClusterThatListensOnAll_IsWhereTheOthersFindIt(string listens, string host, string? reached) =>
        Assert.Equal(reached, ListenAddresses.ReachedAt(listens.Split(';'), IPAddress.Parse(host))?.AbsoluteUri);

    [Fact]
    public async Task Address_OfAProcessThatTakesNoRequestsForTheGrid_IsOpenAsWell()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddAgentGridApi();
        builder.Services.PostConfigure<KestrelServerOptions>(kestrel => kestrel.Limits.MaxRequestBodySize = 5);
        await using var silo = builder.Build();
        silo.MapAgentGridHealth(new NoHealth());
        await silo.StartAsync(TestContext.Current.CancellationToken);
        var posted = 0;

        using var address = silo.Services.GetRequiredService<ICallbacks>().Open(_ => ++posted == 1 ? null : new CallbackRefusal(400, "again"), 10);

        // What an attempt may have as its output counts, and no other limit.
        Assert.Equal(HttpStatusCode.NoContent, await PostAsync(address.Url, "{}      "));
        Assert.Equal(HttpStatusCode.BadRequest, await PostAsync(address.Url, "{}"));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await PostAsync(address.Url, new string(' ', 11)));
    }

    private static CallbackDesk DeskOf(ApiOptions options, string listens) => new(
        Options.Create(options), configuration: new ConfigurationBuilder()
            .AddInMemoryCollection([KeyValuePair.Create<string, string?>(WebHostDefaults.ServerUrlsKey, listens)]).Build());

    private sealed class NoHealth : IHealth
    {
        public ValueTask<bool> IsReadyAsync(CancellationToken cancellationToken) => new(true);

        public ValueTask<IHealthView> DescribeAsync(CancellationToken cancellationToken) => throw new NotSupportedException();
    }

    private async Task<(string Run, Uri Address)> StartAsync(string plan = "patient")
    {
        using var response = await server.Http.PostAsync("/api/v1/orchestrate", new StringContent(
            JsonSerializer.Serialize(new { match_id = "callbacks", round = Interlocked.Increment(ref s_rounds), plan }), Encoding.UTF8, "application/json"));
        var run = (await response.JsonAsync()).Text("run_id");
        Uri? address = null;
        await Limits.UntilAsync(() => Task.FromResult(server.Asked.TryGetValue(run, out address)), () => "the service was not asked");
        return (run, address!);
    }

    private async Task<JsonElement> EndOfAsync(string run)
    {
        JsonElement seen = default;
        await Limits.UntilAsync(
            async () =>
            {
                using var response = await server.Http.GetAsync($"/api/v1/runs/{run}");
                seen = await response.JsonAsync();
                return seen.TryGetProperty("ended_at", out _);
            },
            () => $"run {run} has not ended: {seen}");
        return seen;
    }

    private async Task<HttpStatusCode> PostAsync(
        Uri address, string body, string secret = Secret, string? signed = null, TimeSpan age = default, string before = "")
    {
        var time = DateTimeOffset.UtcNow - age;
        using var request = new HttpRequestMessage(HttpMethod.Post, address)
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("webhook-id", "msg_1");
        request.Headers.Add("webhook-timestamp", $"{time.ToUnixTimeSeconds()}");
        request.Headers.Add("webhook-signature", before + new StandardWebhook(secret).Sign("msg_1", time, signed ?? body));
        using var response = await server.Http.SendAsync(request);
        return response.StatusCode;
    }

    /// <summary>A server, and a service that takes all work and does none.</summary>
    public sealed class Server : IAsyncLifetime
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentgrid-callbacks-");
        private WebApplication _service = null!;
        private WebApplication _app = null!;

        public HttpClient Http { get; private set; } = null!;

        /// <summary>Where the result of each run's attempt is to be posted.</summary>
        public ConcurrentDictionary<string, Uri> Asked { get; } = new();

        public ConcurrentQueue<string> Withdrawn { get; } = new();

        public async ValueTask InitializeAsync()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            _service = builder.Build();
            _service.MapPost("/render", (HttpContext context) =>
            {
                var run = context.Request.Headers["AgentGrid-Run"].ToString();
                Asked[run] = new Uri(context.Request.Headers["AgentGrid-Callback"].ToString());
                return Results.Accepted($"/jobs/{run}");
            });
            _service.MapDelete("/jobs/{run}", (string run) => Withdrawn.Enqueue($"DELETE /jobs/{run}"));
            await _service.StartAsync();

            var config = _folder.CreateSubdirectory("config");
            var secret = Path.Combine(_folder.FullName, "secret");
            await File.WriteAllTextAsync(secret, Secret);
            await File.WriteAllTextAsync(Path.Combine(config.FullName, "agents.yaml"), $$"""
                agents:
                  renderer: { kind: http, url: "{{_service.Urls.First()}}/render", callback_secret: "${file:{{secret}}}" }
                """);
            await File.WriteAllTextAsync(Path.Combine(config.CreateSubdirectory("plans").FullName, "plans.yaml"), """
                plans:
                  patient: { steps: { render: { agent: renderer } } }
                  impatient: { steps: { render: { agent: renderer, timeout: 5s } } }
                """);
            var line = (CommandLine.Serve)ServerProgram.Parse([
                "--urls", "http://127.0.0.1:0", "--data", Path.Combine(_folder.FullName, "data"), "--config", config.FullName,
                "--AgentGrid:Synchronous", "Normal", "--AgentGrid:DrainTimeout", "00:00:00.1"]);
            _app = ServerProgram.Build(line, builder =>
            {
                builder.AddEngine();
                builder.Logging.ClearProviders();
            });
            await _app.StartAsync();
            var address = _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
            Http = new HttpClient { BaseAddress = new Uri(address), Timeout = TimeSpan.FromMinutes(1) };
        }

        public async ValueTask DisposeAsync()
        {
            Http.Dispose();
            await _app.StopAsync(new CancellationToken(canceled: true));
            await _app.DisposeAsync();
            await _service.StopAsync(new CancellationToken(canceled: true));
            await _service.DisposeAsync();
            _folder.Delete(recursive: true);
        }
    }
}
