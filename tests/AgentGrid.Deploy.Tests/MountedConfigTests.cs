using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AgentGrid.Deploy.Tests;

/// <summary>
/// The configuration of the component live-config, mounted as a kubelet mounts a ConfigMap: links into <c>..data</c>,
/// which is a link itself, and is exchanged in one step.
/// </summary>
public sealed class MountedConfigTests : IDisposable
{
    private const string Component = $"{Manifests.Folder}/live-config";

    private readonly Scratch _scratch = new();
    private string? _before;

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task ConfigMap_ThatIsEdited_IsTakenUpWithoutARestart()
    {
        var files = ItemsOfTheVolume().ToDictionary(
            i => i.Text("path"), i => Repository.Read([.. Component.Split('/'), i.Text("key")]));
        Mount(files);
        await using var server = await GridProcess.StartServerAsync(_scratch.Folder, new Dictionary<string, string>
        {
            ["AGENTGRID_CONFIG"] = Path.Combine(_scratch.Folder, "config"),
        });
        Assert.Equal(["hello"], await PlansAsync(server));

        files["plans/plans.yaml"] += "  bye: { steps: { only: { agent: echo } } }\n";
        Mount(files);

        await server.EventuallyAsync(async () => await PlansAsync(server) is ["bye", "hello"], "the plan was never there");
        await server.EventuallyAsync(
            () => Task.FromResult(server.Output.Contains("The configuration has changed: plan 'bye'", StringComparison.Ordinal)), "the log does not say so");
        var health = await server.Client.GetStringAsync("/health");
        Assert.Contains("\"status\":\"ok\"", health, StringComparison.Ordinal);
    }

    // What the patch of the component adds to the pods.
    private static IEnumerable<JsonNode> ItemsOfTheVolume()
    {
        var patch = Yaml.Documents($"{Component}/kustomization.yaml").Single().Items("patches").Single().Text("patch");
        var operations = Yaml.Parse(patch).Single().AsArray();
        return operations.Select(o => o!.At("value/configMap")).OfType<JsonNode>().Single().Items("items");
    }

    private static async Task<string[]> PlansAsync(GridProcess server)
    {
        using var answer = JsonDocument.Parse(await server.Client.GetStringAsync("/api/v1/plans"));
        return [.. answer.RootElement.GetProperty("plans").EnumerateArray()
            .Select(p => p.GetProperty("name").GetString()!).Order(StringComparer.Ordinal)];
    }

    private void Mount(Dictionary<string, string> files)
    {
        var version = $"..2026_{Guid.NewGuid():N}";
        foreach (var (path, text) in files)
        {
            _scratch.Write($"config/{version}/{path}", text);
        }
        var folder = Path.Combine(_scratch.Folder, "config");
        Directory.CreateSymbolicLink(Path.Combine(folder, "..data_tmp"), version);
        Assert.Equal(0, Rename(Path.Combine(folder, "..data_tmp"), Path.Combine(folder, "..data")));
        foreach (var name in files.Keys.Select(p => p.Split('/')[0]).Where(n => !Path.Exists(Path.Combine(folder, n))))
        {
            File.CreateSymbolicLink(Path.Combine(folder, name), $"..data/{name}");
        }
        if (_before is not null)
        {
            Directory.Delete(Path.Combine(folder, _before), recursive: true);
        }
        _before = version;
    }

    // .NET would follow the link.
    [DllImport("libc", EntryPoint = "rename", SetLastError = true)]
    private static extern int Rename(string from, string to);
}
