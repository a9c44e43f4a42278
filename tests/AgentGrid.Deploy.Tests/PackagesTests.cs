using System.Net.Http.Json;
using System.Text.Json;
using System.Xml.Linq;

namespace AgentGrid.Deploy.Tests;

/// <summary>What <c>dotnet pack</c> makes, and that it is enough for a project elsewhere.</summary>
public sealed class PackagesTests(PackedSolution packed) : IClassFixture<PackedSolution>
{
    private static readonly string[] s_libraries =
    [
        "AgentGrid.Agents", "AgentGrid.Api", "AgentGrid.Client", "AgentGrid.Core", "AgentGrid.Embedded", "AgentGrid.Engine",
        "AgentGrid.GrainClient", "AgentGrid.GrainInterfaces", "AgentGrid.Kinds", "AgentGrid.Kinds.Chat", "AgentGrid.Kinds.Http", "AgentGrid.Kinds.Mcp",
        "AgentGrid.Kinds.Onnx", "AgentGrid.Kinds.Process", "AgentGrid.RunLog", "AgentGrid.Streams",
    ];

    [Fact]
    public void Pack_OfTheSolution_MakesTheLibrariesAndTheToolWithSymbols_AndTheTemplates()
    {
        var packages = s_libraries.Append("AgentGrid.Cli")
            .SelectMany(p => (string[])[$"{p}.{packed.Version}.nupkg", $"{p}.{packed.Version}.snupkg"])
            .Append($"AgentGrid.Templates.{packed.Version}.nupkg");

        Assert.Equal(
            packages.Order(StringComparer.Ordinal),
            Directory.EnumerateFiles(packed.Folder).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Libraries_HaveALicenseAReadmeAndComments_AndNothingThatIsCopiedIntoProjects()
    {
        foreach (var library in s_libraries)
        {
            using var package = packed.Open(library);
            var files = package.Entries.Select(e => e.FullName).ToHashSet();
            using var stream = package.GetEntry($"{library}.nuspec")!.Open();
            var told = XDocument.Load(stream).Root!.Elements().Single().Elements().ToLookup(e => e.Name.LocalName, e => e.Value);

            Assert.Equal(["MIT"], told["license"]);
            Assert.Equal(["README.md"], told["readme"]);
            Assert.NotEmpty(told["description"].Single());
            Assert.Superset(
                new HashSet<string> { "README.md", $"lib/net10.0/{library}.dll", $"lib/net10.0/{library}.xml" }, files);
            Assert.DoesNotContain(files, f => f.StartsWith("content", StringComparison.Ordinal));
        }
    }

    // With packages alone, and elsewhere.
    [Fact]
    public async Task Templates_WriteALibraryThatBuilds_AndAServerThatRunsAPlan()
    {
        using var folder = new Scratch();
        packed.ServeTo(folder);
        var home = Path.Combine(folder.Folder, "home");
        await NewAsync("install", Path.Combine(packed.Folder, $"AgentGrid.Templates.{packed.Version}.nupkg"));
        await NewAsync("agentgrid-agents", "--name", "Shop.Agents");
        await NewAsync("agentgrid", "--name", "Shop");
        folder.Write("all.proj", """
            <Project>
              <Target Name="Build">
                <MSBuild Projects="Shop.Agents/Shop.Agents.csproj;Shop/Shop.csproj" Targets="Restore" Properties="Restoring=true" />
                <MSBuild Projects="Shop.Agents/Shop.Agents.csproj;Shop/Shop.csproj" />
              </Target>
            </Project>
            """);
        await DotNetCommand.SucceedAsync(folder.Folder, home, "build", "all.proj", "-nr:false", "-v", "q");

        Assert.True(File.Exists(Path.Combine(folder.Folder, "Shop.Agents", "bin", "Debug", "net10.0", "Shop.Agents.dll")));
        Assert.Contains("namespace Shop.Agents;", await File.ReadAllTextAsync(
            Path.Combine(folder.Folder, "Shop.Agents", "WordCounter.cs"), TestContext.Current.CancellationToken));
        await using var server = GridProcess.Launch(
            Path.Combine(folder.Folder, "Shop", "bin", "Debug", "net10.0", "Shop.dll"), Path.Combine(folder.Folder, "Shop"),
            ["--urls", "http://127.0.0.1:0"]);
        await server.ListeningAsync();
        using var answer = await server.Client.PostAsJsonAsync(
            "/api/v1/orchestrate?wait=60s", new { match_id = "m", round = 1, plan = "hello", name = "Ada" },
            TestContext.Current.CancellationToken);
        var run = await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        Assert.Equal("Hello, Ada!", run.GetProperty("result").GetProperty("text").GetString());

        Task NewAsync(params string[] arguments) => DotNetCommand.SucceedAsync(folder.Folder, home, ["new", .. arguments]);
    }
}
