using System.Collections.Immutable;
using AgentGrid.Api.Settings;

namespace AgentGrid.Api.Hosting;

/// <summary>The options that a program has, besides those that all programs with a client API have.</summary>
public sealed record CommandLineSyntax
{
    /// <summary>Options whose value does not simply become a setting.</summary>
    internal static readonly ImmutableArray<string> Handled = ["--agents", "--api-key-hash", "--environment"];

    /// <summary>What <c>--help</c> prints.</summary>
    public required string Help { get; init; }

    /// <summary>Options that take a value, and the settings that they set.</summary>
    public required ImmutableDictionary<string, string> WithValue { get; init; }

    /// <summary>Options that take none, and the settings that they turn on.</summary>
    public required ImmutableDictionary<string, string> Flags { get; init; }

    /// <summary>What can be set as <c>--AgentGrid:Name</c>.</summary>
    public required SettingNames Settings { get; init; }

    /// <summary>Everything that can stand on the command line, to find out what a mistyped word was to be.</summary>
    internal IEnumerable<string> Words =>
        [.. Handled, .. WithValue.Keys, .. Flags.Keys, "--help", "--version", "new-key", "hash-key"];
}
