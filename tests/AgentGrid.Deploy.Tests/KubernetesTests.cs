using System.Globalization;
using System.Text.Json.Nodes;

namespace AgentGrid.Deploy.Tests;

/// <summary>What the manifests say of each other.</summary>
public sealed class KubernetesTests
{
    private static readonly JsonNode s_kustomization =
        Yaml.Documents($"{Manifests.Folder}/kustomization.yaml").Single();

    [Fact]
    public void Kustomizations_ListTheFilesBesideThem()
    {
        string[] others = ["kustomization.yaml", "secret.example.yaml", "prometheus-adapter.values.yaml"];
        var folders = Manifests.Files.GroupBy(f => Path.GetDirectoryName(f)!.Replace('\\', '/')).ToList();

        Assert.Equal(9, folders.Count);
        Assert.All(folders, folder =>
        {
            var listed = Yaml.Documents($"{folder.Key}/kustomization.yaml").Single();
            Assert.Equal(
                folder.Select(f => Path.GetFileName(f)!).Except(others),
                listed.Texts("resources").Concat(listed.Items("configMapGenerator").SelectMany(g => g.Texts("files")))
                    .Order(StringComparer.Ordinal));
        });
    }

    [Fact]
    public void Workloads_SelectTheirOwnPodsAlone()
    {
        Assert.Equal(["agentgrid", "api", "redis", "silo-general", "silo-gpu"], Manifests.Workloads
            .Select(w => w.Text("metadata/name")).Order(StringComparer.Ordinal));
        Assert.All(Manifests.Workloads, w => Assert.Same(w, Assert.Single(Manifests.Selected(w.At("spec/selector")))));
    }

    [Fact]
    public void Pods_GetNoVariablesOfServices_AndComeBackByThemselves()
    {
        var pods = Manifests.Workloads.Select(w => w.At("spec/template/spec")!).ToList();

        Assert.Equal(5, pods.Count);
        Assert.All(pods, p => Assert.Equal("false", p.Text("enableServiceLinks")));
        Assert.All(pods, p => Assert.Null(p.At("restartPolicy"))); // which means always
    }

    [Fact]
    public void Selectors_SelectSomething()
    {
        var services = Manifests.OfKind("Service")
            .Select(s => (JsonNode)new JsonObject { ["matchLabels"] = s.At("spec/selector")!.DeepClone() });
        string[] names = ["podSelector", "labelSelector", "selector"];
        var others = Manifests.Resources.Where(r => r.Text("kind") is not ("Service" or "HorizontalPodAutoscaler"))
            .SelectMany(r => names.SelectMany(name => r.At("spec").All(name)));
        List<JsonNode> selectors = [.. services, .. others];

        Assert.True(selectors.Count > 15);
        Assert.All(selectors, s => Assert.True(Manifests.Selected(s).Count > 0, s.ToJsonString()));
    }

    [Fact]
    public void Ports_ByName_AreThoseOfThePods()
    {
        foreach (var workload in Manifests.Workloads)
        {
            var probed = workload.All("httpGet").Concat(workload.All("tcpSocket")).Select(p => p.Text("port"));
            Assert.Subset(Manifests.Ports(workload).ToHashSet(), probed.ToHashSet());
        }
        foreach (var service in Manifests.OfKind("Service"))
        {
            AssertPorts(new JsonObject { ["matchLabels"] = service.At("spec/selector")!.DeepClone() },
                service.Items("spec/ports").Select(p => p.Text("targetPort")));
        }
        foreach (var policy in Manifests.OfKind("NetworkPolicy"))
        {
            AssertPorts(policy.At("spec/podSelector"), policy.Items("spec/ingress")
                .SelectMany(i => i.Items("ports")).Select(p => p.Text("port")));
        }
        var monitor = Manifests.OfKind("PodMonitor").Single();
        AssertPorts(monitor.At("spec/selector"),
            monitor.Items("spec/podMetricsEndpoints").Select(e => e.Text("port")));
    }

    [Fact]
    public void SecretsAndSettings_ThatAreAskedFor_AreDescribed()
    {
        var secret = Yaml.Documents($"{Manifests.Folder}/secret.example.yaml").Single();
        var keys = secret.At("stringData")!.AsObject().Select(p => p.Key).ToHashSet();
        List<JsonNode> documents = [.. Manifests.Files.SelectMany(Yaml.Documents)];
        var patches = documents.SelectMany(d => d.All("patch"))
            .SelectMany(p => p.GetValue<string>().Split('\n'))
            .Where(l => l.Contains("secretKeyRef", StringComparison.Ordinal));
        var asked = documents.SelectMany(d => d.All("secretKeyRef").Concat(d.All("credentials"))).ToList();

        Assert.Equal("metrics-key-hash", Assert.Single(patches).Split("key: ")[1].TrimEnd(' ', '}'));
        Assert.All(asked, a => Assert.Equal(secret.Text("metadata/name"), a.Text("name")));
        Assert.Equal(keys.Except(["metrics-key-hash"]).ToHashSet(), asked.Select(a => a.Text("key")).ToHashSet());
        Assert.All(
            documents.SelectMany(d => d.All("configMapRef")),
            r => Assert.Equal(s_kustomization.Items("configMapGenerator").Single().Text("name"), r.Text("name")));
        Assert.All(
            secret.At("stringData")!.AsObject(), p => Assert.Equal("PLACEHOLDER", p.Value!.GetValue<string>()));
    }

    [Fact]
    public void Images_AreBuiltByTheDockerfile()
    {
        var named = Manifests.Files.Where(f => f.EndsWith("kustomization.yaml", StringComparison.Ordinal))
            .SelectMany(Yaml.Documents).SelectMany(k => k.Items("images")).Select(i => i.Text("name")).ToList();
        // agentgrid-gpu comes by a patch.
        var ours = Manifests.Workloads.SelectMany(Manifests.Containers).Select(c => c.Text("image"))
            .Where(i => i.StartsWith("agentgrid", StringComparison.Ordinal)).Append("agentgrid-gpu").ToHashSet();

        Assert.Equal(ours.Order(), named.Order());
        Assert.Equal(["agentgrid", "agentgrid-gpu"], ours.Where(Dockerfile.Stages.Contains).Order());
        Assert.All(
            ours.Except(Dockerfile.Stages), i => Assert.Contains(i["agentgrid-".Length..], Dockerfile.Stages));
    }

    [Fact]
    public void Autoscalers_FollowTheQueueOfTheirSilos()
    {
        var scalers = Manifests.OfKind("HorizontalPodAutoscaler");

        Assert.Equal(2, scalers.Count);
        Assert.All(scalers, scaler =>
        {
            var silo = Manifests.Workload(scaler.Text("spec/scaleTargetRef/name"));
            var queues = Manifests.Containers(silo).Single().Texts("args")
                .Single(a => a.StartsWith("--queues=", StringComparison.Ordinal));
            var metrics = scaler.Items("spec/metrics").Select(m => m.At("external/metric")!).ToList();
            Assert.All(metrics, m => Assert.Equal(queues, $"--queues={m.Text("selector/matchLabels/queue")}"));
            Assert.Equal(["agentgrid_attempts_waiting", "agentgrid_slots_used"], metrics.Select(m => m.Text("name")));
            Assert.True(Number(scaler, "spec/minReplicas") <= Number(silo, "spec/replicas"));
        });
    }

    [Fact]
    public void ScaledObjects_AskForTheQueueOfTheirSilos()
    {
        var scalers = Manifests.OfKind("ScaledObject");

        Assert.Equal(2, scalers.Count);
        Assert.All(scalers, scaler =>
        {
            var silo = Manifests.Workload(scaler.Text("spec/scaleTargetRef/name"));
            var queue = Manifests.Containers(silo).Single().Texts("args")
                .Single(a => a.StartsWith("--queues=", StringComparison.Ordinal))["--queues=".Length..];
            Assert.Equal(
                ((string[])["agentgrid_attempts_waiting", "agentgrid_slots_used"])
                    .Select(m => $"sum({m}{{namespace=\"agentgrid\",queue=\"{queue}\"}})"),
                scaler.Items("spec/triggers").Select(t => t.Text("metadata/query")));
            Assert.True(Number(scaler, "spec/minReplicaCount") <= Number(silo, "spec/replicas"));
        });
    }

    [Fact]
    public void Ingress_LeadsToThePortOfTheServiceWithTls()
    {
        var ingress = Manifests.OfKind("Ingress").Single();
        var host = ingress.Items("spec/rules").Single();
        var service = host.Items("http/paths").Single().At("backend/service")!;

        Assert.Equal([host.Text("host")], ingress.Items("spec/tls").Single().Texts("hosts"));
        // Of the cluster, and of the one process.
        var served = Manifests.OfKind("Service").Where(s => s.Text("metadata/name") == service.Text("name")).ToList();
        Assert.Equal(2, served.Count);
        Assert.All(served, s => Assert.Contains(service.Text("port/name"), s.Items("spec/ports").Select(p => p.Text("name"))));
    }

    [Fact]
    public void Alerts_AreThoseOfTheGuide()
    {
        var rules = Manifests.OfKind("PrometheusRule").Single().Items("spec/groups").Single().Items("rules");
        var guide = Repository.Read("docs", "operations.md").Split('\n')
            .Where(l => l.StartsWith("| `AgentGrid", StringComparison.Ordinal)).Select(l => l.Split('`')[1]);

        Assert.Equal(rules.Select(r => r.Text("alert")), guide);
    }

    [Fact]
    public void GpuSilos_AskForAGpuAndMayRunWhereOthersMayNot()
    {
        const string Gpu = "nvidia.com/gpu";
        var silo = Manifests.Workload("silo-gpu");
        var limits = Manifests.Containers(silo).Single().At("resources/limits")!;

        Assert.Equal("1", limits[Gpu]!.GetValue<string>());
        Assert.Equal(Gpu, silo.Items("spec/template/spec/tolerations").Single().Text("key"));
        Assert.DoesNotContain(Gpu, Manifests.Workload("silo-general").ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Workloads_RunWithoutRights()
    {
        Assert.All(Manifests.Workloads, w =>
        {
            Assert.Equal("true", w.Text("spec/template/spec/securityContext/runAsNonRoot"));
            Assert.All(Manifests.Containers(w), c =>
            {
                Assert.Equal("false", c.Text("securityContext/allowPrivilegeEscalation"));
                Assert.Equal(["ALL"], c.Texts("securityContext/capabilities/drop"));
                Assert.NotNull(c.At("resources/limits/memory"));
                Assert.NotNull(c.At("readinessProbe"));
            });
        });
    }

    private static void AssertPorts(JsonNode? selector, IEnumerable<string> ports) => Assert.All(
        ports, port => Assert.All(Manifests.Selected(selector), w => Assert.Contains(port, Manifests.Ports(w))));

    private static int Number(JsonNode node, string path) => int.Parse(node.Text(path), CultureInfo.InvariantCulture);
}
