using System.Collections.Immutable;
using AgentGrid.Core.Documents;

namespace AgentGrid.Kinds.Process;

/// <summary>A program to start, as the configuration names it.</summary>
public sealed record ProgramSettings
{
    /// <summary>The program and its arguments, which may refer to secrets.</summary>
    public required ImmutableArray<SecretText> Command { get; init; }

    /// <summary>Variables besides the few that every program gets.</summary>
    public ImmutableSortedDictionary<string, SecretText> Environment { get; init; } =
        ImmutableSortedDictionary<string, SecretText>.Empty;

    /// <summary>Null for the server's own.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>Every text that may refer to a secret.</summary>
    public IEnumerable<SecretText> Secrets => [.. Command, .. Environment.Values];

    /// <summary>The command, for people; secrets stand in it as references alone.</summary>
    public string Target => string.Join(' ', Command.Select(c => c.Template));

    /// <summary>Reads <c>command</c>, <c>env</c> and <c>working_directory</c>.</summary>
    /// <param name="missing">What is said when there is no command.</param>
    public static ProgramSettings Read(MappingReader agent, string missing, ProblemList problems)
    {
        // A list: a text would have to be taken apart, and whoever writes it would have to know how.
        var command = agent.Secrets("command") ?? [];
        if (command.IsEmpty)
        {
            problems.Add(agent["command"]?.Place ?? agent.Place, ConfigCodes.Missing, missing);
        }
        return new ProgramSettings
        {
            Command = command,
            Environment = agent.SecretsByKey("env") ?? ImmutableSortedDictionary<string, SecretText>.Empty,
            WorkingDirectory = agent.Text("working_directory"),
        };
    }
}
