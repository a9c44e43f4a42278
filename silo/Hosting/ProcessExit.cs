namespace AgentGrid.Silo.Hosting;

/// <summary>Ends the process at once, and says why: in the log, and on standard error.</summary>
internal sealed partial class ProcessExit(ILogger<ProcessExit> logger, IEnumerable<ILoggerProvider> providers)
{
    private const int LeftTheCluster = 70;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    /// <summary>Ends a silo that has no place in its cluster any more; started again, it is a new member.</summary>
    public void LeaveCluster(ILocalSiloDetails silo, string why) => Now(
        LeftTheCluster,
        $"Silo '{silo.Name}' at {silo.SiloAddress} ends, and must be started again " +
        $"(exit code {LeftTheCluster}): {why}");

    public void Now(int exitCode, string message)
    {
        // In case something does not let go.
        using var impatience = new Timer(
            static _ => System.Diagnostics.Process.GetCurrentProcess().Kill(), null, Longest, Timeout.InfiniteTimeSpan);
        LogEnd(logger, message);
        Console.Error.WriteLine(message);
        Console.Error.Flush();
        // What writes the log does so in the background, and finishes when it is disposed.
        foreach (var provider in providers)
        {
            provider.Dispose();
        }
        Environment.Exit(exitCode);
    }

    [LoggerMessage(940, LogLevel.Critical, "{Message}")]
    private static partial void LogEnd(ILogger logger, string message);
}
