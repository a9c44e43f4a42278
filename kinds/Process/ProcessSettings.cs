using System.Collections.Immutable;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;

namespace AgentGrid.Kinds.Process;

/// <summary>What <c>agents.yaml</c> says of an agent of the kind <c>process</c>.</summary>
internal sealed record ProcessSettings : KindSettings
{
    /// <summary>The program and its arguments, which may refer to secrets.</summary>
    public required ImmutableArray<SecretText> Command { get; init; }

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

    /// <summary>Variables besides those that every process gets.</summary>
    public ImmutableSortedDictionary<string, SecretText> Environment { get; init; } =
        ImmutableSortedDictionary<string, SecretText>.Empty;

    /// <summary>Null for the server's own.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>Every text that may refer to a secret.</summary>
    public IEnumerable<SecretText> Secrets => [.. Command, .. Environment.Values];

    /// <inheritdoc/>
    public override string Target => string.Join(' ', Command.Select(c => c.Template));

    /// <inheritdoc/>
    public override int? MaxConcurrency => PerGpu ? null : Processes;
}
