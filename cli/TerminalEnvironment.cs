using System.Collections;
using AgentGrid.Cli.Output;

namespace AgentGrid.Cli;

/// <summary>What the program touches of the world around it, so that tests can give it another one.</summary>
/// <param name="IsTerminal">Whether a person looks at the output, with colours and moving parts.</param>
/// <param name="Width">Columns; null where there is no terminal.</param>
/// <param name="Variables">The environment, by name.</param>
internal sealed record TerminalEnvironment(
    TextReader In, TextWriter Out, TextWriter Error, bool IsTerminal, int? Width,
    IReadOnlyDictionary<string, string> Variables)
{
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Nobody reads what is printed any more.</summary>
    public CancellationToken OutputClosed { get; init; }

    public static TerminalEnvironment OfProcess()
    {
        var terminal = !Console.IsOutputRedirected;
        return new TerminalEnvironment(
            Console.IsInputRedirected ? Utf8.Reader(Console.OpenStandardInput()) : Console.In,
            terminal ? Console.Out : Utf8.Writer(Console.OpenStandardOutput()),
            Console.Error, terminal && AllowsAnsi(), terminal ? Console.WindowWidth : null, EnvironmentOfProcess())
        {
            OutputClosed = terminal ? CancellationToken.None : OutputReader.Gone(),
        };
    }

    /// <summary>The value of a variable without blanks around it; null when it is not set, or to nothing.</summary>
    public string? Variable(string name) =>
        Variables.GetValueOrDefault(name)?.Trim() is { Length: > 0 } value ? value : null;

    private static Dictionary<string, string> EnvironmentOfProcess() => Environment.GetEnvironmentVariables()
        .Cast<DictionaryEntry>()
        .ToDictionary(
            v => (string)v.Key, v => (string?)v.Value ?? "",
            OperatingSystem.IsWindows() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal);

    // https://no-color.org: any value but the empty one counts.
    private static bool AllowsAnsi() => string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
        && Environment.GetEnvironmentVariable("TERM") != "dumb";
}
