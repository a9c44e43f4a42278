using StackExchange.Redis;

namespace AgentGrid.RunLog.Connections;

/// <summary>Failures of Redis and of the way to it.</summary>
public static class RedisFailure
{
    public static bool Is(Exception exception) => exception is RedisException;
}
