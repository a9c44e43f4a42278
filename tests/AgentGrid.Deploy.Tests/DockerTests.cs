using System.Diagnostics;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace AgentGrid.Deploy.Tests;

/// <summary>What the images are made of is there, and what their health check says is so.</summary>
public sealed partial class DockerTests
{
    private static readonly string[] s_context =
    [
        .. Repository.Read(".dockerignore").Split('\n').Where(l => l.StartsWith('!')).Select(l => l[1..]),
    ];

    [Fact]
    public void BuildContext_IsThere()
    {
        Assert.Contains("*", Repository.Read(".dockerignore").Split('\n'));
        Assert.True(s_context.Length > 10);
        Assert.All(s_context, p => Assert.True(Path.Exists(Repository.PathOf(p.Split('/'))), p));
    }

    [Fact]
    public void PublishedProjects_HaveAllTheirRoomsInTheContext()
    {
        var projects = Published().Matches(Dockerfile.Text).Select(m => m.Groups[1].Value).ToList();

        const string One = "client-api/AgentGrid.ClientApi.csproj";
        Assert.Equal([Cluster.Project, Cluster.Project, One, One], projects);
        Assert.All(projects.SelectMany(Needed).Distinct(), room => Assert.Contains(room, s_context));
    }

    [Fact]
    public void PublishedProjects_HaveWhatTheyImportInTheContext()
    {
        var imported = s_context.Select(folder => Repository.PathOf(folder.Split('/'))).Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.csproj", SearchOption.AllDirectories))
            .SelectMany(project => XDocument.Load(project).Descendants("Import").Select(i => Path.GetRelativePath(
                Repository.Root, Path.GetFullPath(i.Attribute("Project")!.Value, Path.GetDirectoryName(project)!))))
            .Distinct().ToList();

        Assert.NotEmpty(imported);
        Assert.All(imported, path => Assert.Contains(path.Replace('\\', '/'), s_context));
    }

    [Fact]
    public void Stages_AndSources_AreThere()
    {
        for (var i = 0; i < Dockerfile.Instructions.Count; i++)
        {
            var words = Dockerfile.Instructions[i].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var from = words[0] == "FROM" ? words[1] : words.FirstOrDefault(w => Starts(w, "--from="))?[7..];
            if (from is not null)
            {
                var isStage = Dockerfile.Instructions.Take(i).Any(l => Ends(l, $" AS {from}"));
                Assert.True(isStage || from.Contains(':', StringComparison.Ordinal), $"'{from}' is no stage.");
            }
            else if (words[0] == "COPY")
            {
                var sources = words[1..^1].Where(w => !Starts(w, "--") && w != ".");
                Assert.All(sources, s => Assert.Contains(s, s_context));
            }
        }
    }

    [Fact]
    public void Images_RunAsNobodyInParticular_AndSayHowTheyAre()
    {
        string[] products = ["silo", "silo-gpu", "agentgrid-gpu", "agentgrid"];

        Assert.Equal(products, Dockerfile.Stages.Where(products.Contains));
        Assert.All(products, p =>
        {
            var stage = Dockerfile.Instructions.SkipWhile(i => !Ends(i, $" AS {p}")).Skip(1)
                .TakeWhile(i => !Starts(i, "FROM ")).ToList();
            Assert.Contains(stage, i => i is "USER $APP_UID" or "USER 1654");
            Assert.Contains(stage, i => Starts(i, "ENTRYPOINT [\"dotnet\", \"AgentGrid."));
        });
        Assert.Equal(2, Dockerfile.Instructions.Count(i => Starts(i, "HEALTHCHECK")));
    }

    [Fact]
    public async Task HealthCheck_OfAServerThatIsReady_Succeeds()
    {
        using var data = new Scratch();
        await using var server = await GridProcess.StartServerAsync(data.Folder);

        Assert.Equal(0, await CheckAsync(server.Url.Port));
    }

    [Fact]
    public async Task HealthCheck_WhereNobodyListens_Fails()
    {
        using var nobody = new ClosedPort();

        Assert.NotEqual(0, await CheckAsync(nobody.Port));
    }

    private static async Task<int> CheckAsync(int port)
    {
        var script = Repository.PathOf("deploy", "docker", "healthcheck.sh");
        using var process = Process.Start(new ProcessStartInfo("bash", [script, $"{port}"])
        {
            RedirectStandardError = true,
        })!;
        await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return process.ExitCode;
    }

    // The folders of a project, of those that it refers to, and of what it includes from elsewhere.
    private static IEnumerable<string> Needed(string project)
    {
        var folder = Path.GetDirectoryName(Repository.PathOf(project.Split('/')))!;
        var elements = XDocument.Load(Repository.PathOf(project.Split('/'))).Descendants()
            .Select(e => (e.Name.LocalName, Include: e.Attribute("Include")?.Value))
            .Where(e => e.Include?.StartsWith("../", StringComparison.Ordinal) == true)
            .Select(e => (e.LocalName, Path: Path.GetRelativePath(
                Repository.Root, Path.GetFullPath(Path.Combine(folder, e.Include!))).Replace('\\', '/')))
            .ToList();
        return elements.Where(e => e.LocalName == "ProjectReference").SelectMany(e => Needed(e.Path))
            .Concat(elements.Select(e => e.Path.Split('/')[0]))
            .Prepend(project.Split('/')[0]);
    }

    private static bool Starts(string text, string start) => text.StartsWith(start, StringComparison.Ordinal);

    private static bool Ends(string text, string end) => text.EndsWith(end, StringComparison.Ordinal);

    [GeneratedRegex("dotnet publish (\\S+)")]
    private static partial Regex Published();
}
