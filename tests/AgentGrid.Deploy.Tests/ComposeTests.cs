using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace AgentGrid.Deploy.Tests;

public sealed partial class ComposeTests
{
    private const string File = "deploy/compose.yaml";

    private static readonly JsonNode s_compose = Yaml.Documents(File).Single();
    private static readonly Dictionary<string, JsonNode> s_services =
        s_compose["services"]!.AsObject().ToDictionary(s => s.Key, s => s.Value!);

    [Fact]
    public void Variables_AreRequired_AndInTheExample()
    {
        var asked = Variable().Matches(Repository.Read(File.Split('/'))).ToList();
        var example = Repository.Read("deploy", ".env.example").Split('\n').Where(l => l.Length > 0 && l[0] != '#');

        Assert.Equal(
            example.Select(l => l.TrimEnd('=')).ToHashSet(), asked.Select(m => m.Groups[1].Value).ToHashSet());
        Assert.All(asked, m => Assert.StartsWith(":?", m.Groups[2].Value));
    }

    [Fact]
    public void Services_ReferToWhatIsThere()
    {
        Assert.Equal(["api", "redis", "silo", "silo-gpu"], s_services.Keys.Order(StringComparer.Ordinal));
        Assert.All(s_services.Values, s => Assert.All(
            s.Texts("depends_on"), name => Assert.Contains(name, s_services.Keys)));
        Assert.All(s_services.Values.Where(s => s["build"] is not null), s =>
        {
            Assert.Equal("..", s.Text("build/context"));
            Assert.Equal(Dockerfile.Path, s.Text("build/dockerfile"));
            Assert.Contains(s.Text("build/target"), Dockerfile.Stages);
            Assert.Equal($"agentgrid-{s.Text("build/target")}", s.Text("image"));
        });
        Assert.All(
            s_services.Values.SelectMany(s => s.Texts("volumes")),
            v => Assert.Contains(v.Split(':')[0], s_compose["volumes"]!.AsObject().Select(p => p.Key)));
    }

    [Fact]
    public void Services_ThatEndOrWait_ComeBackByThemselves()
    {
        Assert.All(s_services.Values, s => Assert.Equal("unless-stopped", s.Text("restart")));
        // A list: each is started, however the others are. With conditions, who waits in vain is never started.
        Assert.All(s_services.Where(s => s.Key != "redis"), s => Assert.Equal(["redis"], s.Value.Texts("depends_on")));
    }

    [Fact]
    public void Ports_ArePublishedToThisMachineAlone_AndRedisToNobody()
    {
        Assert.Empty(s_services["redis"].Items("ports"));
        Assert.All(
            s_services.Values.SelectMany(s => s.Texts("ports")), p => Assert.Matches("^127\\.0\\.0\\.1:\\d*:8000$", p));
    }

    [Fact]
    public void GpuSilo_HasTheGpus_AndIsAskedFor()
    {
        var device = s_services["silo-gpu"].Items("deploy/resources/reservations/devices").Single();

        Assert.Equal(["gpu"], s_services["silo-gpu"].Texts("profiles"));
        Assert.Equal(("nvidia", "gpu"), (device.Text("driver"), device.Texts("capabilities").Single()));
        Assert.All(s_services.Where(s => s.Key != "silo-gpu"), s => Assert.Null(s.Value["profiles"]));
    }

    [Fact]
    public void Redis_KeepsEveryWrite_WhereverItRuns()
    {
        var command = s_services["redis"].Texts("command").Last();
        var kubernetes = Manifests.Containers(Manifests.Workload("redis")).Single().Texts("command").Last();

        Assert.Equal(Settings(kubernetes), Settings(command.Replace("$$", "$", StringComparison.Ordinal)));
        string[] needed = ["appendonly yes", "appendfsync everysec", "maxmemory-policy noeviction"];
        Assert.Equal(needed, needed.Intersect(Settings(command)));
    }

    private static HashSet<string> Settings(string script) =>
        [.. script.Split('\n').Where(l => l.Length > 0 && l[0] != '#')];

    [GeneratedRegex(@"(?<!\$)\$\{(\w+)([^}]*)\}")]
    private static partial Regex Variable();
}
