using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace AgentGrid.Deploy.Tests;

/// <summary>
/// The image with CUDA has what ONNX Runtime for NVIDIA GPUs links to. That is kept in a file, because the package is
/// large; where it has been downloaded, the record is held against it.
/// </summary>
public sealed partial class GpuImageTests
{
    private const string Package = "Microsoft.ML.OnnxRuntime.Gpu.Linux";
    private const string Record = "deploy/docker/onnxruntime-needs.txt";

    private static readonly string[] s_lines =
        Repository.Read(Record.Split('/')).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    private static readonly string s_version = XDocument.Load(Repository.PathOf("Directory.Packages.props"))
        .Descendants("PackageVersion").Single(p => p.Attribute("Include")!.Value == Package)
        .Attribute("Version")!.Value;

    [Fact]
    public void Record_IsOfTheVersionThatIsUsed() => Assert.Contains($" {Package} {s_version} ", s_lines[0]);

    [Fact]
    public void Image_HasTheVersionsThatOnnxRuntimeNeeds()
    {
        var cuda = Version("libcudart");
        var versions = $"CUDA {cuda} and cuDNN {Version("libcudnn")}";
        var from = Dockerfile.Instructions.Single(i => i.EndsWith(" AS runtime-gpu", StringComparison.Ordinal));

        Assert.Matches($@"^FROM nvidia/cuda:{cuda}\.\d+\.\d+-cudnn-runtime-\S+ AS runtime-gpu$", from);
        Assert.Equal([cuda, cuda], [Version("libcublas"), Version("libcublasLt")]);
        Assert.Contains($"# {versions} are what", Dockerfile.Text);
        Assert.Contains(versions, Repository.Read("deploy", "README.md"));
    }

    [Theory]
    [InlineData("silo-gpu", Cluster.Project)]
    [InlineData("agentgrid-gpu", "client-api/AgentGrid.ClientApi.csproj")]
    public void Image_HasTheOnnxRuntimeForGpus(string image, string project)
    {
        var lines = Dockerfile.Instructions;
        Assert.Contains($"FROM runtime-gpu AS {image}", lines);
        var copy = lines.SkipWhile(i => !i.EndsWith($" AS {image}", StringComparison.Ordinal))
            .First(i => i.EndsWith(" /app .", StringComparison.Ordinal));
        var build = lines.SkipWhile(i => !i.EndsWith($" AS build-{image}", StringComparison.Ordinal)).ElementAt(1);

        Assert.Equal($"COPY --from=build-{image} /app .", copy);
        Assert.Contains($"dotnet publish {project} ", build);
        Assert.Contains(" -p:OnnxNative=cuda ", build);
    }

    [Fact]
    public void Record_IsWhatThePackageNeeds()
    {
        var root = typeof(GpuImageTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(a => a.Key == "NuGetPackageRoot").Value!;
        var folder = Path.Combine(root, Package.ToLowerInvariant(), s_version, "runtimes", "linux-x64", "native");
        if (!Directory.Exists(folder))
        {
            Assert.Skip($"needs {Package} {s_version} (245 MB), which deploy/docker/onnxruntime-needs.sh downloads");
        }

        Assert.Equal(
            s_lines[1..].GroupBy(l => l.Split(": ")[0])
                .SelectMany(g => ElfLibrary.Needs(Path.Combine(folder, g.Key)).Select(n => $"{g.Key}: {n}")),
            s_lines[1..]);
    }

    [Theory]
    [InlineData("linux-x64", "libc.so.6")]
    [InlineData("linux-arm64", "libc.so.6", "ld-linux-aarch64.so.1")]
    [InlineData("linux-musl-x64", "libc.so")]
    public void Needs_OfSqlite_AreRead(string platform, params string[] needs) => Assert.Equal(
        needs,
        ElfLibrary.Needs(Path.Combine(AppContext.BaseDirectory, "runtimes", platform, "native", "libe_sqlite3.so")));

    // The number behind a library's name, the same for all that link to it.
    private static string Version(string library) => s_lines[1..]
        .Select(l => Linked().Match(l)).Where(m => m.Groups[1].Value == library).Select(m => m.Groups[2].Value)
        .Distinct().Single();

    [GeneratedRegex(@"^\S+: (\S+)\.so\.(\d+)$")]
    private static partial Regex Linked();
}
