using System.ComponentModel;
using System.Diagnostics;

namespace AgentGrid.Deploy.Tests;

/// <summary>What kubectl makes of the kustomization, where there is a kubectl.</summary>
public sealed class KustomizeTests
{
    [Fact]
    public async Task Everything_Rendered_IsWhole()
    {
        using var scratch = new Scratch();
        var folder = Path.GetRelativePath(scratch.Folder, Repository.PathOf(Manifests.Folder.Split('/')));
        scratch.Write("kustomization.yaml", $"""
            apiVersion: kustomize.config.k8s.io/v1beta1
            kind: Kustomization
            resources: [{folder}]
            components: [{folder}/monitoring, {folder}/autoscaling]
            """);
        var resources = Yaml.Parse(await RenderAsync(scratch.Folder));
        var deployments = resources.Where(r => r.Text("kind") == "Deployment").ToList();

        Assert.All(
            resources.Where(r => r.Text("kind") != "Namespace"),
            r => Assert.Equal("agentgrid", r.Text("metadata/namespace")));
        // One more than the files have, the settings that are generated; one less, the example of the Secret.
        Assert.Equal(Manifests.Resources.Count, resources.Count);
        Assert.Equal(3, deployments.Count);
        Assert.All(deployments, d =>
        {
            var container = d.Items("spec/template/spec/containers").Single();
            Assert.StartsWith("registry.example.com/agentgrid-silo", container.Text("image"));
            Assert.Contains("AGENTGRID_API_KEYS__METRICS__HASH", container.Items("env").Select(e => e.Text("name")));
            Assert.Equal(d.Text("metadata/name") == "api", d.At("spec/replicas") is not null);
            var settings = container.Items("envFrom").Single().Text("configMapRef/name");
            Assert.Contains(resources, r => r.Text("kind") == "ConfigMap" && r.Text("metadata/name") == settings);
        });
    }

    private static async Task<string> RenderAsync(string folder)
    {
        using var process = Start(folder);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, await error);
        return output;
    }

    private static Process Start(string folder)
    {
        try
        {
            return Process.Start(new ProcessStartInfo("kubectl", ["kustomize", folder])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
        }
        catch (Win32Exception)
        {
            Assert.Skip("needs kubectl, to render deploy/kubernetes");
            throw;
        }
    }
}
