using System.Runtime.InteropServices;

namespace AgentGrid.Deploy.Tests;

/// <summary>Which ONNX Runtime is beside a program that was built here.</summary>
public sealed class OnnxRuntimeTests
{
    [Fact]
    public void Build_HasTheOneOfThisMachineAlone()
    {
        var all = Directory.EnumerateFiles(AppContext.BaseDirectory, "*onnxruntime.*", SearchOption.AllDirectories)
            .Where(f => Path.GetFileName(f) is "libonnxruntime.so" or "libonnxruntime.dylib" or "onnxruntime.dll" or "onnxruntime.aar")
            .Where(f => f.Contains("native", StringComparison.Ordinal))
            .Select(f => Path.GetRelativePath(AppContext.BaseDirectory, f).Replace('\\', '/'));

        var system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
        var processor = RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant();
        Assert.StartsWith($"runtimes/{system}-{processor}/native/", Assert.Single(all));
    }

    // Packages for CPUs and for GPUs have files of the same names: the last one that is copied would win.
    [Fact]
    public void Projects_TakeOneOfTheTwoPackages()
    {
        foreach (var project in (string[])["client-api/AgentGrid.ClientApi.csproj", "silo/AgentGrid.Silo.csproj"])
        {
            var conditions = System.Xml.Linq.XDocument.Load(Repository.PathOf(project.Split('/'))).Descendants("PackageReference")
                .Where(p => p.Attribute("Include")!.Value.StartsWith("Microsoft.ML.OnnxRuntime", StringComparison.Ordinal))
                .ToDictionary(p => p.Attribute("Include")!.Value, p => p.Attribute("Condition")?.Value);

            Assert.Equal(
                new Dictionary<string, string?>
                {
                    ["Microsoft.ML.OnnxRuntime"] = "'$(OnnxNative)' == 'cpu'",
                    ["Microsoft.ML.OnnxRuntime.Gpu.Linux"] = "'$(OnnxNative)' == 'cuda'",
                },
                conditions);
        }
    }
}
