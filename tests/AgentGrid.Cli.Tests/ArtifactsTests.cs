using System.Security.Cryptography;
using AgentGrid.Cli.Tests.Hosting;
using AgentGrid.Engine;
using MyAgents;

namespace AgentGrid.Cli.Tests;

/// <summary>What runs have written, by the agents of the guide.</summary>
public sealed class ArtifactsTests : IAsyncLifetime
{
    private const string Plan = """
        plans:
          framed:
            steps:
              framer: { agent: framer, with: { count: input.grid_snapshot.count } }
              again: { agent: framer, needs: [framer], input: { count: 7 } }
              reader: { agent: frame_reader, needs: [framer], with: { frames: framer.bytes } }
            result: { read: reader.sha256, frames: framer.bytes }
        """;

    private readonly Scratch _scratch = new();
    private readonly GridHost _host;

    public ArtifactsTests()
    {
        _scratch.Write("config/plans/framed.yaml", Plan);
        _host = new GridHost
        {
            Config = Path.Combine(_scratch.Folder, "config"),
            Agents = grid => grid.AddAgent<Framer>().AddAgent<FrameReader>(),
        };
    }

    public async ValueTask InitializeAsync() => await _host.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        _scratch.Dispose();
    }

    [Fact]
    public async Task Artifacts_OfARun_AreListedAndSaved()
    {
        var body = _scratch.Write("body.json", """{"count": 300000}""");
        var run = await _host.Tool().RunAsync("run", body, "--plan", "framed", "--match", "m", "--round", "1", "--wait");
        Assert.True(run.Exit == 0, run.Error + run.Out);
        var target = Path.Combine(_scratch.Folder, "saved");

        var list = await _host.Tool().RunAsync("artifacts", "m/1", "--json");
        var table = await _host.Tool().RunAsync("artifacts", "m/1", "--step", "framer");
        var several = await _host.Tool().RunAsync("artifacts", "m/1", "frames", "-o", target);
        var saved = await _host.Tool().RunAsync("artifacts", "m/1", "frames", "--step", "framer", "-o", target);
        var none = await _host.Tool().RunAsync("artifacts", "m/1", "farmes", "-o", target);

        var listed = list.Json.GetProperty("artifacts").EnumerateArray().ToList();
        Assert.Equal([300_000, 7], listed.Select(static a => a.GetProperty("bytes").GetInt32()));
        Assert.Contains("300,000", Assert.Single(table.Lines.Skip(1)), StringComparison.Ordinal);
        Assert.Equal(ExitCode.Refused, several.Exit);
        Assert.Contains("name one by its sha256", several.Error, StringComparison.Ordinal);
        Assert.True(saved.Exit == 0, saved.Error);
        var bytes = await File.ReadAllBytesAsync(target);
        Assert.Equal(listed[0].GetProperty("sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(bytes)));
        Assert.False(File.Exists(target + ".part"));
        Assert.Equal(ExitCode.Refused, none.Exit);
        // What the reader has read is what the framer has written.
        Assert.Contains(Convert.ToHexStringLower(SHA256.HashData(bytes)), run.Out, StringComparison.Ordinal);
    }
}
