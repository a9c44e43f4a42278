using System.ComponentModel.Design;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Artifacts;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace AgentGrid.Embedded.Tests.Hardships;

/// <summary>Artifacts where the disk has no room for them, and when their time is over.</summary>
public sealed class ArtifactsOnDiskTests : IDisposable
{
    private static readonly Json s_plan = Json.Parse("""{"steps": {"a": {"agent": "painter", "retry": {"max_attempts": 1}}}}""");

    private readonly Scratch _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task FullDisk_FailsTheAttemptWithTheReason_AndKeepsNothing()
    {
        using var disk = new Mount("size=2m");
        var artifacts = new ArtifactOptions { Folder = Path.Combine(disk.Path, "artifacts"), MinFreeBytes = 0 };
        using var grid = await StartAsync(artifacts, TimeSpan.FromHours(1));

        var small = await RunAsync(grid, 1 << 20);
        var large = await RunAsync(grid, 2 << 20);
        disk.Remount("size=8m");
        var again = await RunAsync(grid, 2 << 20);

        Assert.Equal((RunStatus.Completed, RunStatus.Failed, RunStatus.Completed), (
            small.Summary.Status, large.Summary.Status, again.Summary.Status));
        Assert.Equal(("artifact_not_kept", true), (large.Error!.Code, large.Error.Retryable));
        Assert.Contains("is full", large.Error.Message, StringComparison.Ordinal);
        Assert.Equal(2, Directory.GetFiles(artifacts.Folder, "*", SearchOption.AllDirectories).Length);
    }

    [Fact]
    public async Task Retention_TakesArtifactsWithTheirRun()
    {
        var artifacts = new ArtifactOptions { MinFreeBytes = 0 };
        using var grid = await StartAsync(artifacts, TimeSpan.FromSeconds(3));
        grid.Engine.ArtifactSweeper.Grace = TimeSpan.Zero;

        var run = await RunAsync(grid, 10);
        var folder = new DirectoryInfo(Path.Combine(_folder.Folder, "data", "artifacts", run.Summary.RunId.Value));
        Assert.Single(folder.GetFiles());
        await Limits.UntilAsync(
            () =>
            {
                folder.Refresh();
                return !folder.Exists;
            },
            () => $"{folder.FullName} is still there");

        Assert.Null(await grid.GetRunAsync(run.Summary.RunId));
    }

    private async Task<EmbeddedGrid> StartAsync(ArtifactOptions artifacts, TimeSpan retention)
    {
        _folder.Write("config/agents.yaml", "agents: {}\n");
        var services = new ServiceContainer();
        services.AddService(typeof(IOptions<ArtifactOptions>), Options.Create(artifacts));
        var options = new EmbeddedOptions
        {
            Data = Path.Combine(_folder.Folder, "data"),
            Config = Path.Combine(_folder.Folder, "config"),
            Retention = retention,
        };
        var grid = new EmbeddedGrid(
            Options.Create(options), AgentCatalog.Of([typeof(Painter)]), static _ => new Painter(), TimeProvider.System,
            NullLogger<EmbeddedGrid>.Instance)
        {
            Services = services,
        };
        await grid.StartAsync(CancellationToken.None);
        return grid;
    }

    private static async Task<RunDetails> RunAsync(EmbeddedGrid grid, int bytes)
    {
        var key = new RunKey("m", Guid.NewGuid().ToString("N"));
        var accepted = Assert.IsType<SubmitResult.Accepted>(
            await grid.SubmitAsync(new SubmitRun(key, Json.From(new { bytes }), InlinePlan: s_plan)));
        return (await grid.WaitForEndAsync(accepted.Run.RunId, Limits.Patience))!;
    }

    [Agent("painter")]
    private sealed class Painter : IAgent
    {
        public async ValueTask<Json> InvokeAsync(AgentInvocation invocation, CancellationToken cancellationToken) => Json.From(
            await invocation.Artifacts.WriteAsync(
                "paint", new MemoryStream(new byte[invocation.Member("bytes")!.Value.GetInt32()]), "image/png", cancellationToken));
    }
}
