namespace AgentGrid.Cli.Client;

/// <summary>The server did not answer; a moment later it may.</summary>
/// <param name="why">In a few words, for a sentence about it.</param>
internal sealed class NoAnswerException(string why, string message, Exception? inner = null)
    : CliException(Cli.ExitCode.Unreachable, message, inner)
{
    public string Why { get; } = why;
}
