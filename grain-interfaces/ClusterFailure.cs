using Orleans.Serialization;

namespace AgentGrid.GrainInterfaces;

/// <summary>Failures of Orleans and of the way to a silo, which go away when what failed has moved or come back.</summary>
public static class ClusterFailure
{
    public static bool Is(Exception exception) =>
        exception is TimeoutException or OrleansException or ObjectDisposedException
            // A message that expired while a silo died; nobody here cancels what is asked of the cluster.
            or OperationCanceledException
            // How an exception arrives that was thrown on another silo and cannot be read here.
            or UnavailableExceptionFallbackException;
}
