namespace AgentGrid.Kinds.Process;

/// <summary>The codes of failures that are the process's, and not its agent's own. Stable.</summary>
public static class ProcessErrors
{
    /// <summary>It ended in the middle of an attempt. May be tried again.</summary>
    public const string Died = "process_died";

    /// <summary>It did not start, and is not to be started again yet. May be tried again, after the time that is said.</summary>
    public const string Unavailable = "process_unavailable";

    /// <summary>It wrote something that is no message of the protocol. Not to be tried again.</summary>
    public const string BadProtocol = "bad_protocol";
}
