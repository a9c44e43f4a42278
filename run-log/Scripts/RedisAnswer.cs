using System.Net.Sockets;
using StackExchange.Redis;

namespace AgentGrid.RunLog.Scripts;

/// <summary>Answers of Redis, with one kind of exception for whatever keeps them from coming.</summary>
internal static class RedisAnswer
{
    /// <summary>
    /// Nothing is read from a replica: it answers what was true a moment ago, so an accepted run could be unknown, and an event that
    /// was shown could be missing.
    /// </summary>
    public const CommandFlags FromPrimary = CommandFlags.DemandMaster;

    /// <exception cref="RedisException">There is none.</exception>
    /// <exception cref="TimeoutException">There is none in time.</exception>
    public static async Task<T> Of<T>(Task<T> asked)
    {
        try
        {
            return await asked.ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or SocketException
            || (e is InvalidOperationException and not ObjectDisposedException))
        {
            // So end requests that meet a connection at the moment when it breaks; nobody else cancels one.
            throw new RedisConnectionException(
                ConnectionFailureType.SocketFailure, $"The connection to Redis broke ({e.Message.TrimEnd('.')})", e);
        }
    }
}
