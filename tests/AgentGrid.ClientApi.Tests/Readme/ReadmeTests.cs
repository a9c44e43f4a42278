using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using AgentGrid.Api.Hosting;
using AgentGrid.Core.Agents;
using MyAgents;

namespace AgentGrid.ClientApi.Tests.Readme;

/// <summary>What README.md and docs/dotnet.md show is what these files hold and what the server does.</summary>
public sealed partial class ReadmeTests : IDisposable
{
    private static readonly string Root = FindRoot();
    private static readonly string Text = File.ReadAllText(Path.Combine(Root, "README.md"));
    private static readonly string Guide = File.ReadAllText(Path.Combine(Root, "docs", "dotnet.md"));

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentgrid-readme-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void AgentExample_IsTheCompiledOne() =>
        Assert.Equal(Source("ThreatEstimator.cs").Trim(), Block(Guide, "csharp", "class ThreatEstimator").Trim());

    [Fact]
    public void SetupExample_IsTheCompiledOne() => Assert.Equal(
        Repository.Read("tests", "Captions", "Setup.cs").Trim(), Block(Guide, "csharp", "IAgentLibrary").Trim());

    [Fact]
    public async Task PlanAndAgentExamples_RunWithALibraryOfAgents()
    {
        Write("config/agents.yaml", Block(Guide, "yaml", "  threat_estimator:"));
        Write("config/plans/threat_report.yaml", Block(Guide, "yaml", "  threat_report:"));
        var serve = Assert.IsType<CommandLine.Serve>(ServerProgram.Parse(
        [
            "--urls", "http://127.0.0.1:0", "--data", Path.Combine(_folder.FullName, "data"),
            "--config", Path.Combine(_folder.FullName, "config"), "--agents", typeof(ThreatEstimator).Assembly.Location,
        ]));
        await using var app = ServerProgram.Build(serve, builder => builder.AddEngine());
        await app.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };

        var run = await PostAsync(client);

        Assert.Equal("completed", run.GetProperty("status").GetString());
        Assert.Equal(0.5, run.GetProperty("result").GetProperty("level").GetDouble());
        Assert.Equal(2, run.GetProperty("steps").EnumerateArray().Single(s => s.GetProperty("id").ValueEquals("details"))
            .GetProperty("branches").GetInt32());
        await app.StopAsync();
    }

    [Fact]
    public void MissingLibrary_RefusesToStart()
    {
        var serve = Assert.IsType<CommandLine.Serve>(ServerProgram.Parse(["--agents", "nowhere.dll"]));

        var refusal = Assert.Throws<AgentSetupException>(() => ServerProgram.Build(serve, builder => builder.AddEngine()));

        Assert.Contains("nowhere.dll", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task QuickStart_Body_CompletesWithTheResultThatIsShown()
    {
        var serve = Assert.IsType<CommandLine.Serve>(ServerProgram.Parse(
            ["--urls", "http://127.0.0.1:0", "--data", _folder.FullName, "--config", Path.Combine(Root, "config")]));
        await using var app = ServerProgram.Build(serve, builder => builder.AddEngine());
        await app.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };

        var run = await PostAsync(client);

        Assert.Equal("completed", run.GetProperty("status").GetString());
        Assert.True(run.GetProperty("result").GetProperty("frames").GetInt32() > 0);
        await app.StopAsync();
    }

    private static async Task<JsonElement> PostAsync(HttpClient client)
    {
        var body = Regex.Match(Text, @"-d '(\{.*?\})'", RegexOptions.Singleline).Groups[1].Value;
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var answer = await client.PostAsync("/api/v1/orchestrate?wait=60s", content);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    private void Write(string name, string text)
    {
        var path = Path.Combine(_folder.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    private static string Block(string page, string language, string containing) =>
        Fences().Matches(page).Single(m => m.Groups[1].Value == language
            && m.Groups[2].Value.Contains(containing, StringComparison.Ordinal)).Groups[2].Value;

    private static string Source(string file) => File.ReadAllText(
        Path.Combine(Root, "tests", "AgentGrid.ClientApi.Tests", "Readme", file)).Replace("\r\n", "\n", StringComparison.Ordinal);

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Orleans.AgentGrid.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("The repository's root was not found.");
        }
        return folder.FullName;
    }

    [GeneratedRegex("```(\\w+)\\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Fences();
}
