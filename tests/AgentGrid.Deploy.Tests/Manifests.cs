using System.Text.Json.Nodes;

namespace AgentGrid.Deploy.Tests;

/// <summary>The Kubernetes manifests, as they lie in the repository.</summary>
internal static class Manifests
{
    public const string Folder = "deploy/kubernetes";

    /// <summary>Every file below the folder, relative to the repository's root.</summary>
    public static readonly IReadOnlyList<string> Files =
    [
        .. Directory.EnumerateFiles(Repository.PathOf(Folder.Split('/')), "*.yaml", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(Repository.Root, f).Replace('\\', '/'))
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>Every resource; kustomizations, the adapter's values and the configuration are none.</summary>
    public static readonly IReadOnlyList<JsonNode> Resources = Without();

    /// <summary>What makes pods.</summary>
    public static IReadOnlyList<JsonNode> Workloads => [.. OfKind("Deployment"), .. OfKind("StatefulSet")];

    /// <summary>The resources but for those in some of the folders.</summary>
    public static IReadOnlyList<JsonNode> Without(params string[] folders) =>
    [
        .. Files.Where(f => !folders.Any(n => f.StartsWith($"{Folder}/{n}", StringComparison.Ordinal)))
            .SelectMany(Yaml.Documents)
            .Where(d => d["kind"] is not null && d.Text("kind") is not ("Kustomization" or "Component")),
    ];

    public static IReadOnlyList<JsonNode> OfKind(string kind) => [.. Resources.Where(r => r.Text("kind") == kind)];

    public static JsonNode Workload(string name) => Workloads.Single(w => w.Text("metadata/name") == name);

    /// <summary>The containers of a workload.</summary>
    public static IEnumerable<JsonNode> Containers(JsonNode workload) =>
        workload.Items("spec/template/spec/containers");

    /// <summary>The names of the ports that a workload's pods have.</summary>
    public static IEnumerable<string> Ports(JsonNode workload) =>
        Containers(workload).SelectMany(c => c.Items("ports")).Select(p => p.Text("name"));

    /// <summary>The workloads whose pods a label selector selects. An empty one selects all.</summary>
    public static IReadOnlyList<JsonNode> Selected(JsonNode? selector) =>
        [.. Workloads.Where(w => Selects(selector, w.At("spec/template/metadata/labels")!))];

    private static bool Selects(JsonNode? selector, JsonNode labels)
    {
        var exact = selector.At("matchLabels") as JsonObject ?? [];
        return exact.All(l => Label(labels, l.Key) == l.Value!.GetValue<string>())
            && selector.Items("matchExpressions").All(e => e.Text("operator") == "In"
                ? e.Texts("values").Contains(Label(labels, e.Text("key")))
                : throw new NotSupportedException($"The operator of {e.ToJsonString()} is unknown."));
    }

    private static string? Label(JsonNode labels, string key) => labels[key]?.GetValue<string>();
}
