using Orleans.Serialization;
using StackExchange.Redis;

namespace AgentGrid.Grains;

/// <summary>Failures of the cluster itself, which go away when what failed has moved or come back.</summary>
internal static class Transient
{
    public static bool Is(Exception exception) =>
        exception is TimeoutException or OrleansException or RedisException or ObjectDisposedException
            // A message that expired while a silo died; nobody here cancels what is asked of the cluster.
            or OperationCanceledException
            // How an exception of Redis arrives that was thrown on another silo.
            or UnavailableExceptionFallbackException;
}
