using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace AgentGrid.Deploy.Tests;

/// <summary>What <c>dotnet pack</c> makes, and that it is enough for a project elsewhere.</summary>
public sealed partial class PackagesTests(PackedSolution packed) : IClassFixture<PackedSolution>
{
    private static readonly string[] s_libraries =
    [
        "AgentGrid.Agents", "AgentGrid.Api", "AgentGrid.Client", "AgentGrid.Core", "AgentGrid.Embedded", "AgentGrid.Engine",
        "AgentGrid.GrainClient", "AgentGrid.GrainInterfaces", "AgentGrid.Kinds", "AgentGrid.Kinds.Chat", "AgentGrid.Kinds.Http", "AgentGrid.Kinds.Mcp",
        "AgentGrid.Kinds.Onnx", "AgentGrid.Kinds.Process", "AgentGrid.RunLog", "AgentGrid.Streams",
    ];

    [Fact]
    public void Pack_OfTheSolution_MakesTheLibrariesAndTheTool_WithSymbols()
    {
        string[] packages = [.. s_libraries.Append("AgentGrid.Cli").SelectMany(
            p => (string[])[$"{p}.{packed.Version}.nupkg", $"{p}.{packed.Version}.snupkg"]).Order(StringComparer.Ordinal)];

        Assert.Equal(packages, Directory.EnumerateFiles(packed.Folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
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

    [Fact]
    public async Task Readme_OfAPackage_IsAServerThatRunsAPlan()
    {
        using var package = packed.Open("AgentGrid.Embedded");
        using var reader = new StreamReader(package.GetEntry("README.md")!.Open());
        var readme = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
        using var folder = new Scratch();
        packed.ServeTo(folder);
        folder.Write("host/Program.cs", Block(readme, "csharp"));
        folder.Write("host/config/plans/hello.yaml", Block(readme, "yaml"));
        folder.Write("host/Host.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk.Web">
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="AgentGrid.Api" Version="{packed.Version}" />
                <PackageReference Include="AgentGrid.Embedded" Version="{packed.Version}" />
              </ItemGroup>
            </Project>
            """);
        var host = Path.Combine(folder.Folder, "host");
        await DotNetCommand.SucceedAsync(host, null, "build", "-nr:false", "-v", "q");

        await using var server = GridProcess.Launch(
            Path.Combine(host, "bin", "Debug", "net10.0", "Host.dll"), host, ["--urls", "http://127.0.0.1:0"]);
        await server.ListeningAsync();
        using var answer = await server.Client.PostAsJsonAsync(
            "/api/v1/orchestrate?wait=60s", new { match_id = "m", round = 1, plan = "hello", name = "Ada" },
            TestContext.Current.CancellationToken);
        var run = await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);

        Assert.Equal("Hello, Ada!", run.GetProperty("result").GetProperty("text").GetString());
    }

    private static string Block(string page, string language) =>
        Fences().Matches(page).Single(m => m.Groups[1].Value == language).Groups[2].Value;

    [GeneratedRegex("^```(\\w+)\\n(.*?)^```", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Fences();
}
