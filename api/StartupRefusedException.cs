namespace AgentGrid.Api;

/// <summary>The server must not start as it is configured; the message says why, and what to do.</summary>
/// <param name="exitCode">What the program ends with: 2 when what it was told cannot be understood.</param>
public sealed class StartupRefusedException(string message, int exitCode = 1) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
