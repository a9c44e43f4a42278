using System.Text.Json.Nodes;

namespace AgentGrid.Deploy.Tests;

/// <summary>What kubectl makes of the kustomization, where there is a kubectl.</summary>
public sealed class KustomizeTests
{
    [Theory]
    [InlineData("autoscaling", "keda/")]
    [InlineData("keda", "autoscaling/")]
    public async Task Cluster_WithAllItsParts_IsWhole(string scaling, string other)
    {
        var resources = await RenderAsync("", "monitoring", scaling, "live-config", "models", "ingress");
        var deployments = resources.Where(r => r.Text("kind") == "Deployment").ToList();

        // Two more than the files have, the settings and the configuration; one less, the example of the Secret.
        Assert.Equal(Manifests.Without("one/", other).Count + 1, resources.Count);
        Assert.Equal(3, deployments.Count);
        Assert.All(deployments, d =>
        {
            var container = d.Items("spec/template/spec/containers").Single();
            Assert.StartsWith("registry.example.com/agentgrid-silo", container.Text("image"));
            Assert.Contains("AGENTGRID_API_KEYS__METRICS__HASH", container.Items("env").Select(e => e.Text("name")));
            Assert.Equal(d.Text("metadata/name") == "api", d.At("spec/replicas") is not null);
            var settings = container.Items("envFrom").Single().Text("configMapRef/name");
            Assert.Contains(resources, r => r.Text("kind") == "ConfigMap" && r.Text("metadata/name") == settings);
            AssertMounts(d);
        });
    }

    [Fact]
    public async Task OneProcess_WithAllItsParts_IsWhole()
    {
        var resources = await RenderAsync("one/", "one/gpu", "live-config", "ingress");

        Assert.Equal(
            ["ConfigMap", "Ingress", "Namespace", "Service", "StatefulSet"],
            resources.Select(r => r.Text("kind")).Order(StringComparer.Ordinal));
        var one = resources.Single(r => r.Text("kind") == "StatefulSet");
        var container = one.Items("spec/template/spec/containers").Single();
        Assert.Equal("registry.example.com/agentgrid-gpu:0.1.0", container.Text("image"));
        Assert.Equal("1", container.At("resources/limits")!["nvidia.com/gpu"]!.GetValue<string>());
        AssertMounts(one);
    }

    // What is mounted is there, and the configuration is where the program is told to look, as a whole folder.
    private static void AssertMounts(JsonNode workload)
    {
        var container = workload.Items("spec/template/spec/containers").Single();
        var mounts = container.Items("volumeMounts").ToDictionary(m => m.Text("name"));
        var volumes = workload.Items("spec/template/spec/volumes").Select(v => v.Text("name"))
            .Concat(workload.Items("spec/volumeClaimTemplates").Select(v => v.Text("metadata/name")));

        Assert.Equal(volumes.Order(), mounts.Keys.Order());
        var told = container.Items("env").Single(e => e.Text("name") == "AGENTGRID_CONFIG").Text("value");
        Assert.Equal(told, mounts["config"].Text("mountPath"));
        Assert.Null(mounts["config"].At("subPath"));
    }

    private static async Task<IReadOnlyList<JsonNode>> RenderAsync(string root, params string[] components)
    {
        var resources = await Renderer.KustomizeAsync(root, components);
        Assert.All(
            resources.Where(r => r.Text("kind") != "Namespace"),
            r => Assert.Equal("agentgrid", r.Text("metadata/namespace")));
        return resources;
    }
}
