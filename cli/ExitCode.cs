namespace AgentGrid.Cli;

/// <summary>What the program tells its caller by ending. Stable; docs/cli.md lists them.</summary>
internal static class ExitCode
{
    /// <summary>What was asked for is done; a run that was waited for is completed.</summary>
    public const int Ok = 0;

    /// <summary>The run that was waited for failed or was cancelled, or a measured run did.</summary>
    public const int RunFailed = 1;

    /// <summary>The command line cannot be understood, or the files have mistakes.</summary>
    public const int Usage = 2;

    /// <summary>No server answers.</summary>
    public const int Unreachable = 3;

    /// <summary>The server refused: bad request, not found, conflict, no access, overloaded.</summary>
    public const int Refused = 4;

    /// <summary>The run was still going on when <c>--timeout</c> was over.</summary>
    public const int StillRunning = 5;

    /// <summary>The server that was asked how it is has something to complain of.</summary>
    public const int NotWell = 6;

    /// <summary>Standard output could not be written, because its disk is full for instance.</summary>
    public const int OutputLost = 7;

    /// <summary>A mistake in this program, or an answer of another version of the server.</summary>
    public const int Mistake = 70;

    /// <summary>Ctrl-C, or the signal to end. Runs go on.</summary>
    public const int Interrupted = 130;

    /// <summary>Nobody reads the output any more; what a shell shows for programs that SIGPIPE ends.</summary>
    public const int OutputClosed = 141;
}
