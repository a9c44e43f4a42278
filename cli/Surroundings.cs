namespace AgentGrid.Cli;

/// <summary>What the program touches of the world around it, so that tests can give it another one.</summary>
/// <param name="IsTerminal">Whether a person looks at the output, with colours and moving parts.</param>
/// <param name="Width">Columns; null where there is no terminal.</param>
/// <param name="Variable">Reads an environment variable.</param>
internal sealed record Surroundings(
    TextReader In, TextWriter Out, TextWriter Error, bool IsTerminal, int? Width, Func<string, string?> Variable)
{
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The names of the environment variables that there are.</summary>
    public IReadOnlyCollection<string> Variables { get; init; } = [];

    public static Surroundings OfProcess()
    {
        var terminal = !Console.IsOutputRedirected;
        return new Surroundings(
            Console.In, Console.Out, Console.Error, terminal && AllowsAnsi(), terminal ? Console.WindowWidth : null,
            Environment.GetEnvironmentVariable)
        {
            Variables = [.. Environment.GetEnvironmentVariables().Keys.Cast<string>()],
        };
    }

    // https://no-color.org: any value but the empty one counts.
    private static bool AllowsAnsi() => string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
        && Environment.GetEnvironmentVariable("TERM") != "dumb";
}
