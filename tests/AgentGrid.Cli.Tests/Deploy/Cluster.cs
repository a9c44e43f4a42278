using AgentGrid.Cli.Tests.Hosting;

namespace AgentGrid.Cli.Tests.Deploy;

/// <summary>
/// What deploy/ may expect of the cluster's executable. Its rooms are not in every checkout; where they are, they
/// must agree.
/// </summary>
internal static class Cluster
{
    public const string Project = "silo/AgentGrid.Silo.csproj";

    public static readonly IReadOnlyList<string> Rooms = ["grain-interfaces", "grains", "silo"];

    public static readonly IReadOnlyList<string> Options =
        ["--role", "--name", "--queues", "--gpu-memory-mb", "--redis", "--cluster-id", "--silo-port", "--gateway-port",
            "--advertise", "--urls"];

    /// <summary>The environment variables that only the cluster's executable knows.</summary>
    public static readonly IReadOnlyList<string> Variables = ["AGENTGRID_REDIS", "AGENTGRID_ADVERTISE"];

    public static bool IsHere => File.Exists(Repository.PathOf(Project.Split('/')));

    /// <summary>All source text of the executable.</summary>
    public static string Source => string.Concat(Directory
        .EnumerateFiles(Repository.PathOf("silo"), "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText));
}
