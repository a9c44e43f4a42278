[assembly: AssemblyFixture(typeof(SharedRedis))]

namespace AgentGrid.RunLog.Tests.Hosting;

internal static class TestLogs
{
    private static int s_logs;

    /// <summary>An empty log.</summary>
    public static TestLog NewLog(this SharedRedis redis) =>
        new(redis.Connection, $"test-{Interlocked.Increment(ref s_logs)}");
}
