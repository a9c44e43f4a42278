using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Nodes;

namespace AgentGrid.Deploy.Tests;

/// <summary>The programs that render what is in deploy/, where they are installed.</summary>
internal static class Renderer
{
    /// <summary>What <c>kubectl kustomize</c> makes of a folder of deploy/kubernetes with some of the components.</summary>
    public static async Task<IReadOnlyList<JsonNode>> KustomizeAsync(string root, params string[] components)
    {
        using var scratch = new Scratch();
        var folder = Path.GetRelativePath(scratch.Folder, Repository.PathOf(Manifests.Folder.Split('/')));
        scratch.Write("kustomization.yaml", $"""
            apiVersion: kustomize.config.k8s.io/v1beta1
            kind: Kustomization
            resources: [{folder}/{root}]
            components: [{string.Join(", ", components.Select(c => $"{folder}/{c}"))}]
            """);
        return Yaml.Parse(await OutputAsync("kubectl", ["kustomize", scratch.Folder]));
    }

    /// <summary>What <c>helm template</c> makes of the chart with these values, as the release <c>grid0</c>.</summary>
    public static Task<string> HelmAsync(params string[] values) => OutputAsync(
        "helm",
        ["template", "grid0", Chart, "--namespace", "agentgrid", .. values.SelectMany(v => new[] { "--set", v })]);

    /// <summary>The exit code of <c>helm template</c> with these values, and what it says about errors.</summary>
    public static async Task<(int Code, string Error)> HelmErrorAsync(params string[] values)
    {
        var (code, _, error) = await RunAsync(
            "helm", ["template", "grid0", Chart, .. values.SelectMany(v => new[] { "--set", v })]);
        return (code, error);
    }

    private static string Chart => Repository.PathOf("deploy", "helm", "agentgrid");

    private static async Task<string> OutputAsync(string program, string[] arguments)
    {
        var (code, output, error) = await RunAsync(program, arguments);
        Assert.True(code == 0, error);
        return output;
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(string program, string[] arguments)
    {
        using var process = Start(program, arguments);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, output, await error);
    }

    private static Process Start(string program, string[] arguments)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(program, arguments)
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
        }
        catch (Win32Exception)
        {
            Assert.Skip($"needs {program}, to render what is in deploy/");
            throw;
        }
    }
}
