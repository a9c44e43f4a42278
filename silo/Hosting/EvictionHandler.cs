namespace AgentGrid.Silo.Hosting;

/// <summary>
/// Ends the process when the cluster goes on without it: whatever it still did, nobody would wait for. A supervisor
/// starts it again, and then it is a new member.
/// </summary>
internal sealed class EvictionHandler(ILocalSiloDetails silo, ProcessExit exit) : IFatalErrorHandler
{
    public bool IsUnexpected(Exception exception) => exception is not ThreadAbortException;

    public void OnFatalException(object? sender = null, string? context = null, Exception? exception = null) =>
        exit.LeaveCluster(
            silo,
            "the cluster has declared it dead, or it has lost its place in it. Most likely it was frozen, cut off " +
            $"from the others, or short of processor time. Orleans said: {context ?? "nothing"}" +
            $"{(exception is null ? "" : $" ({exception.GetType().Name}: {exception.Message})")}");
}
