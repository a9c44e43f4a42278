namespace AgentGrid.Deploy.Tests;

/// <summary>The silo as the images of a cluster have it: without the mode of one silo, and without SQLite.</summary>
public sealed class SiloWithoutSqliteTests
{
    [Fact]
    public void Images_AreBuiltForRedisAlone() => Assert.Contains(
        Dockerfile.Instructions,
        i => i.Contains($"dotnet publish {Cluster.Project} ", StringComparison.Ordinal)
            && i.Contains(" -p:Store=redis ", StringComparison.Ordinal));

    [Fact]
    public async Task Build_ForRedisAlone_HasNoSqlite_AndAsksForARedis()
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

        var (code, output) = await DotNetCommand.RunAsync(
            "build", Repository.PathOf(Cluster.Project.Split('/')), "-c", configuration, "-p:Store=redis", "-nr:false",
            "-v", "q");

        Assert.True(code == 0, output);
        var folder = Repository.PathOf("silo", "bin", "redis", configuration, "net10.0");
        var files = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(Path.GetFileName).ToList();
        Assert.Contains("AgentGrid.Silo.dll", files);
        Assert.DoesNotContain("AgentGrid.Embedded.dll", files);
        Assert.DoesNotContain(files, f => f!.Contains("sqlite", StringComparison.OrdinalIgnoreCase));

        (code, output) = await DotNetCommand.RunAsync("exec", Path.Combine(folder, "AgentGrid.Silo.dll"), "--AgentGrid:Name", "one");
        Assert.Equal(2, code);
        Assert.Contains("name the Redis of the cluster with --redis host:port, or in AGENTGRID_REDIS", output);
        (code, output) = await DotNetCommand.RunAsync("exec", Path.Combine(folder, "AgentGrid.Silo.dll"), "--redis", "127.0.0.1:1");
        Assert.Equal(1, code);
        Assert.Contains("Redis at 127.0.0.1:1 cannot be reached", output, StringComparison.Ordinal);
    }
}
