using System.IO.Compression;
using System.Reflection;
using System.Xml.Linq;

namespace AgentGrid.Deploy.Tests;

/// <summary>The packages of the solution, made of what was built beside these tests.</summary>
public sealed class PackedSolution : IAsyncLifetime
{
    private readonly Scratch _scratch = new();

    /// <summary>Where the packages are.</summary>
    public string Folder => Path.Combine(_scratch.Folder, "packages");

    public string Version { get; } = XDocument.Load(Repository.PathOf("Directory.Build.props")).Descendants("Version").Single().Value;

    public async ValueTask InitializeAsync()
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        await DotNetCommand.SucceedAsync(
            Repository.Root, null, "pack", "Orleans.AgentGrid.sln", "-c", configuration, "--no-build", "-nr:false", "-o", Folder);
    }

    public ZipArchive Open(string package) => ZipFile.OpenRead(Path.Combine(Folder, $"{package}.{Version}.nupkg"));

    /// <summary>
    /// Lets projects below a folder be restored from these packages, and from those that the solution was restored with: nothing
    /// comes over the network, and nothing goes into the folder of packages of this machine.
    /// </summary>
    public void ServeTo(Scratch folder)
    {
        var restored = typeof(PackedSolution).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(a => a.Key == "NuGetPackageRoot").Value!;
        folder.Write("NuGet.config", $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="{folder.Folder}/restored" /></config>
              <packageSources><clear /><add key="packed" value="{Folder}" /></packageSources>
              <fallbackPackageFolders><add key="solution" value="{restored}" /></fallbackPackageFolders>
            </configuration>
            """);
    }

    public ValueTask DisposeAsync()
    {
        _scratch.Dispose();
        return ValueTask.CompletedTask;
    }
}
