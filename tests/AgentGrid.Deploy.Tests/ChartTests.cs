using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace AgentGrid.Deploy.Tests;

/// <summary>What helm makes of the chart, where there is a helm: the same as the kustomization.</summary>
public sealed partial class ChartTests
{
    private static readonly string[] _config =
        ["config.agents=agents: {}", @"config.plans.plans\.yaml=plans: {}"];

    [Theory]
    [InlineData("autoscaling", "hpa")]
    [InlineData("keda", "keda")]
    public async Task Cluster_WithAllItsParts_IsWhatTheKustomizationMakes(string component, string kind)
    {
        var chart = Resources(await Renderer.HelmAsync(
            [.. _config, "monitoring.enabled=true", "models.enabled=true", "ingress.enabled=true", $"autoscaling.kind={kind}"]));
        var kustomized = Resources(await Renderer.KustomizeAsync(
            "", "monitoring", component, "live-config", "models", "ingress"));

        Assert.Equal(kustomized.Keys, chart.Keys);
        Assert.All(kustomized, r => Assert.Equal(r.Value, chart[r.Key]));
    }

    [Fact]
    public async Task OneProcess_WithAGpu_IsWhatTheKustomizationMakes()
    {
        var chart = Resources(await Renderer.HelmAsync(
            [.. _config, "mode=one", "one.gpus=1", "one.resources.requests.cpu=2", "one.resources.requests.memory=8Gi",
             "one.resources.limits.memory=8Gi", "ingress.enabled=true"]));
        var kustomized = Resources(await Renderer.KustomizeAsync("one/", "one/gpu", "live-config", "ingress"));

        Assert.Equal(kustomized.Keys, chart.Keys);
        Assert.All(kustomized, r => Assert.Equal(r.Value, chart[r.Key]));
    }

    [Fact]
    public async Task Cluster_WithoutGpusAndRedis_AsksForAnAddress()
    {
        var (code, error) = await Renderer.HelmErrorAsync("redis.enabled=false");
        Assert.NotEqual(0, code);
        Assert.Contains("redis.address", error);

        var resources = Yaml.Parse(await Renderer.HelmAsync(
            "redis.enabled=false", "redis.address=redis.example.com:6380\\,ssl=true", "silos.gpu=null"));
        var deployments = resources.Where(r => r.Text("kind") == "Deployment").ToList();
        Assert.Equal(["grid0-api", "grid0-silo-general"], deployments.Select(d => d.Text("metadata/name")).Order());
        Assert.DoesNotContain(resources, r => r.Text("kind") == "StatefulSet");
        Assert.All(deployments, d => Assert.Contains(
            "redis.example.com:6380,ssl=true,password=$(REDIS_PASSWORD)",
            d.Items("spec/template/spec/containers").Single().Items("env").Select(e => e.At("value")?.GetValue<string>())));
    }

    [Theory]
    [InlineData("mode=two", "mode")]
    [InlineData("api.replica=3", "replica")]
    [InlineData("redis.appendfsync=no", "appendfsync")]
    public async Task Values_ThatAreWrong_AreNamed(string value, string named)
    {
        var (code, error) = await Renderer.HelmErrorAsync(value);

        Assert.NotEqual(0, code);
        Assert.Contains(named, error);
    }

    // By kind and name, what both shall say: names without the release's, and without what only one of them has.
    private static SortedDictionary<string, string> Resources(IEnumerable<JsonNode> resources) => new(
        resources
            .Where(r => r.Text("kind") is not ("Namespace" or "ConfigMap"))
            .ToDictionary(r => $"{r.Text("kind")} {r.Text("metadata/name")}", r => Normal(r.At("spec"))!.ToJsonString()),
        StringComparer.Ordinal);

    private static SortedDictionary<string, string> Resources(string rendered) =>
        Resources(Yaml.Parse(rendered.Replace("grid0-", "").Replace("grid0", "agentgrid")));

    private static JsonNode? Normal(JsonNode? node) => node switch
    {
        JsonObject o => new JsonObject(
            o.Where(p => !OfTheChart(p.Key, p.Value)).OrderBy(p => p.Key, StringComparer.Ordinal)
                .Select(p => KeyValuePair.Create(p.Key, Normal(p.Value)))),
        // Variables and mounts come in the order of the components.
        JsonArray a when a.All(i => i is JsonObject named && named.ContainsKey("name")) => new JsonArray(
            [.. a.OrderBy(i => i!.Text("name"), StringComparer.Ordinal).Where(i => !Settings(i!)).Select(Normal)]),
        JsonArray a => new JsonArray([.. a.Select(Normal)]),
        JsonValue v => JsonValue.Create(Generated().Replace(v.GetValue<string>(), "$1")),
        _ => null,
    };

    // Labels of the release, and that of the settings on their pods. The policy for nobody is then one for all of the release.
    private static bool OfTheChart(string key, JsonNode? value) =>
        key is "app.kubernetes.io/instance" or "annotations" or "envFrom"
        || key is "matchLabels" && value is JsonObject { Count: 1 } labels && labels.ContainsKey("app.kubernetes.io/instance");

    // The one process of the kustomization has no ConfigMap of settings, but two variables.
    private static bool Settings(JsonNode variable) =>
        variable.Text("name") is "AGENTGRID_LOG_FORMAT" or "AGENTGRID_DRAIN_TIMEOUT";

    [GeneratedRegex("^agentgrid-(config)$")]
    private static partial Regex Generated();
}
