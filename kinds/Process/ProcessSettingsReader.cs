using System.Collections.Frozen;
using System.Collections.Immutable;
using AgentGrid.Core.Documents;

namespace AgentGrid.Kinds.Process;

/// <summary>Reads the keys of the kind <c>process</c>.</summary>
internal static class ProcessSettingsReader
{
    /// <summary>All of them.</summary>
    public static readonly ImmutableArray<string> Keys =
    [
        "command", "processes", "start_timeout", "idle_timeout", "max_tasks_per_process", "max_memory_mb", "env",
        "working_directory",
    ];

    private const int MostProcesses = 1_000;
    private const int MostTasks = 1_000_000_000;
    private const int MostMegabytes = 100_000_000;

    private static readonly FrozenDictionary<string, bool> s_perGpu =
        new Dictionary<string, bool> { ["per_gpu"] = true }.ToFrozenDictionary();

    public static ProcessSettings? Read(MappingReader agent, ProblemList problems)
    {
        var defaults = new ProcessSettings
        {
            Program = ProgramSettings.Read(
                agent, "'command' must say what to start, as a list: [python3, -m, agentgrid.worker, my_agents].", problems),
        };
        var perGpu = agent["processes"] is ConfigNode.Scalar { Kind: ScalarKind.Text }
            && agent.Word("processes", s_perGpu) is true;
        return defaults with
        {
            PerGpu = perGpu,
            Processes = (agent["processes"] is ConfigNode.Scalar { Kind: ScalarKind.Text }
                ? null : agent.Integer("processes", 1, MostProcesses)) ?? defaults.Processes,
            StartTimeout = agent.Duration("start_timeout") ?? defaults.StartTimeout,
            IdleTimeout = agent.Duration("idle_timeout"),
            MaxTasksPerProcess = agent.Integer("max_tasks_per_process", 1, MostTasks),
            MaxMemoryBytes = (long?)agent.Integer("max_memory_mb", 1, MostMegabytes) << 20,
        };
    }
}
