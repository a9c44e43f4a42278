using AgentGrid.Core.Agents;

namespace AgentGrid.Kinds.Process;

/// <summary>What <c>agents.yaml</c> says of an agent of the kind <c>process</c>.</summary>
internal sealed record ProcessSettings : KindSettings
{
    /// <summary>What is started.</summary>
    public required ProgramSettings Program { get; init; }

    /// <summary>How many there are on a node, each with one attempt at a time. With <see cref="PerGpu"/> it says nothing.</summary>
    public int Processes { get; init; } = 1;

    /// <summary>One for each GPU of the node, started when an attempt comes that has memory there.</summary>
    public bool PerGpu { get; init; }

    /// <summary>How long a process may take from its start until it has answered <c>initialize</c>.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>After how long without an attempt a process is ended, and started again when one comes; null for never.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>After how many attempts a process is replaced; null for never.</summary>
    public int? MaxTasksPerProcess { get; init; }

    /// <summary>A process that has more resident memory after an attempt is replaced; null for no limit.</summary>
    public long? MaxMemoryBytes { get; init; }

    /// <inheritdoc/>
    public override string Target => Program.Target;

    /// <inheritdoc/>
    public override int? MaxConcurrency => PerGpu ? null : Processes;
}
