
namespace AgentGrid.Deploy.Tests;

/// <summary>
/// What deploy/ may expect of the cluster's executable. Its sources are read: a reference would bring Orleans into
/// the tests of the command line.
/// </summary>
internal static class Cluster
{
    public const string Project = "silo/AgentGrid.Silo.csproj";

    public static readonly IReadOnlyList<string> Options =
        ["--role", "--name", "--queues", "--gpu-memory-mb", "--redis", "--cluster-id", "--silo-port", "--gateway-port",
            "--advertise", "--urls"];

    /// <summary>The environment variables that only the cluster's executable knows.</summary>
    public static readonly IReadOnlyList<string> Variables = ["AGENTGRID_REDIS", "AGENTGRID_ADVERTISE"];

    /// <summary>The file in which its help is.</summary>
    public static string Help => Repository.Read("silo", "SiloCommandLine.cs");
}
