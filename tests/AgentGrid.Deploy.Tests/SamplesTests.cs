using System.Net.Http.Json;
using System.Text.Json;

namespace AgentGrid.Deploy.Tests;

/// <summary>Every sample starts and does what it is for, and pages show the samples as they are.</summary>
public sealed class SamplesTests
{
    private static readonly string s_configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    // Away from the repository, with what was built alone: as one starts it after a publish.
    [Fact]
    public async Task Host_HasItsOwnConfigurationAlone_AndTheClientFollowsARunThere()
    {
        using var folder = new Scratch();
        var program = Built("host", "AgentGridHost");
        await using var server = GridProcess.Launch(program, folder.Folder, ["--urls", "http://127.0.0.1:0"]);
        await server.ListeningAsync();

        var (code, output) = await DotNetCommand.RunAsync("exec", Built("http-client", "GreetingClient"), server.Url.ToString());

        Assert.True(code == 0, output + server.Output);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.EndsWith("orchestration:accepted", lines[0], StringComparison.Ordinal);
        Assert.Equal("Hello, Ada!", lines[^1]);
        Assert.True(File.Exists(Path.Combine(folder.Folder, "data", "agentgrid.db")));
        Assert.Equal(
            Yaml(Repository.PathOf("samples", "host", "config")), Yaml(Path.Combine(Path.GetDirectoryName(program)!, "config")));
    }

    [Fact]
    public async Task AgentLibrary_IsLoadedByAServer()
    {
        using var data = new Scratch();
        await using var server = GridProcess.LaunchServer(
            data.Folder,
            [
                "--urls", "http://127.0.0.1:0", "--data", data.Folder, "--agents", Built("agent-library", "AgentLibrary"),
                "--config", Repository.PathOf("samples", "agent-library", "config"),
            ]);

        Assert.Equal("""{"words":3}""", await ResultAsync(server, new { match_id = "m", round = 1, plan = "count", text = "one two\nthree" }));
    }

    [Fact]
    public async Task PythonWorker_IsStartedByAServer()
    {
        using var data = new Scratch();
        await using var server = GridProcess.Launch(
            "client-api", Repository.PathOf("samples", "python-worker"), ["--urls", "http://127.0.0.1:0", "--data", data.Folder]);

        Assert.Equal(
            """{"words":["durable","every","step"]}""",
            await ResultAsync(server, new { match_id = "m", round = 1, plan = "keywords", text = "Every step is durable." }));
    }

    [Theory]
    [InlineData("docs/dotnet.md", "samples/host/Program.cs")]
    [InlineData("docs/dotnet.md", "samples/http-client/Program.cs")]
    [InlineData("deploy/nuget/README.md", "samples/host/Program.cs")]
    [InlineData("deploy/nuget/README.md", "samples/host/Greeter.cs")]
    [InlineData("deploy/nuget/README.md", "samples/host/config/plans/hello.yaml")]
    public void Page_ShowsTheSample(string page, string sample) =>
        Assert.Contains($"\n{Repository.Read(sample.Split('/'))}```\n", Repository.Read(page.Split('/')), StringComparison.Ordinal);

    private static string Built(string sample, string assembly) =>
        Repository.PathOf("samples", sample, "bin", s_configuration, "net10.0", $"{assembly}.dll");

    private static IEnumerable<string> Yaml(string folder) => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
        .Select(f => Path.GetRelativePath(folder, f)).Order(StringComparer.Ordinal);

    private static async Task<string> ResultAsync(GridProcess server, object body)
    {
        await server.ListeningAsync();
        using var answer = await server.Client.PostAsJsonAsync(
            "/api/v1/orchestrate?wait=60s", body, TestContext.Current.CancellationToken);
        var run = await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        return run.TryGetProperty("result", out var result) ? result.GetRawText() : run.GetRawText();
    }
}
