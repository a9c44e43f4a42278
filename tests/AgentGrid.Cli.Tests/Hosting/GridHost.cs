using AgentGrid.Agents.Perception;
using AgentGrid.Api;
using AgentGrid.Core.Grid;
using AgentGrid.Embedded;
using AgentGrid.Engine;
using AgentGrid.Kinds;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Cli.Tests.Hosting;

/// <summary>A server in this process: the client API on real Kestrel over the embedded engine.</summary>
public sealed class GridHost : IAsyncLifetime
{
    private readonly Scratch _data = new();
    private WebApplication? _app;

    /// <summary>The configuration folder; by default the one that ships.</summary>
    public string Config { get; init; } = Repository.PathOf("config");
    public int Port { get; init; }
    public int MaxQueuedRuns { get; init; } = 10_000;
    public int MaxActiveRuns { get; init; } = 1_000;
    public Action<ApiOptions>? Api { get; init; }

    /// <summary>Adds agents of a test.</summary>
    public Action<AgentGridBuilder>? Agents { get; init; }

    /// <summary>It tells of the nodes of a cluster.</summary>
    public bool IsCluster { get; init; }

    /// <summary>Where runs are kept; by default a folder that goes with the server.</summary>
    public string Data { get => field ?? _data.Folder; init; }
    internal ClusterOnPaper Cluster => (ClusterOnPaper)_app!.Services.GetRequiredService<IAgentGrid>();
    public string Url => _app!.Urls.First();

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{Port}");
        builder.Services.AddAgentGridApi(Api);
        Agents?.Invoke(builder.Services.AddAgentGrid());
        builder.Services.AddAgentGrid()
            .AddAgents(typeof(PerceptionAgent).Assembly).AddAgent<HoldAgent>().AddAgent<MalignAgent>()
            .AddShippedKinds()
            .UseEmbeddedEngine(o =>
            {
                o.Data = Data;
                o.Config = Config;
                o.Synchronous = JournalSync.Normal;
                o.DrainTimeout = TimeSpan.Zero;
                o.MaxQueuedRuns = MaxQueuedRuns;
                o.MaxActiveRuns = MaxActiveRuns;
            });
        // A port at which nobody listens.
        builder.Services.Configure<WebhookOptions>(static o =>
        {
            o.AllowedHosts.Add("127.0.0.1:1");
            o.Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        });
        if (IsCluster)
        {
            builder.Services.AddSingleton<IAgentGrid>(
                services => new ClusterOnPaper(services.GetRequiredService<EmbeddedGrid>()));
        }
        _app = builder.Build();
        _app.MapAgentGridApi();
        await _app.StartAsync();
    }

    public Tool Tool() => new(Url);

    public async ValueTask DisposeAsync()
    {
        await _app!.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
        _data.Dispose();
    }
}
