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
        var defaults = new ProcessSettings { Command = [] };
        // A list: a text would have to be taken apart, and whoever writes it would have to know how.
        var command = agent.Secrets("command") ?? [];
        if (command.IsEmpty)
        {
            problems.Add(
                agent["command"]?.Place ?? agent.Place, ConfigCodes.Missing,
                "'command' must say what to start, as a list: [python3, -m, agentgrid.worker, my_agents].");
        }
        var perGpu = agent["processes"] is ConfigNode.Scalar { Kind: ScalarKind.Text }
            && agent.Word("processes", s_perGpu) is true;
        return new ProcessSettings
        {
            Command = command,
            PerGpu = perGpu,
            Processes = (agent["processes"] is ConfigNode.Scalar { Kind: ScalarKind.Text }
                ? null : agent.Integer("processes", 1, MostProcesses)) ?? defaults.Processes,
            StartTimeout = agent.Duration("start_timeout") ?? defaults.StartTimeout,
            IdleTimeout = agent.Duration("idle_timeout"),
            MaxTasksPerProcess = agent.Integer("max_tasks_per_process", 1, MostTasks),
            MaxMemoryBytes = (long?)agent.Integer("max_memory_mb", 1, MostMegabytes) << 20,
            Environment = agent.SecretsByKey("env") ?? defaults.Environment,
            WorkingDirectory = agent.Text("working_directory"),
        };
    }
}
