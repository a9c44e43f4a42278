[assembly: AssemblyFixture(typeof(SharedRedis))]

namespace AgentGrid.Streams.Tests.Hosting;

internal static class TestQueues
{
    public static TestQueue NewQueue(this SharedRedis redis) => new(redis.Connection);
}
