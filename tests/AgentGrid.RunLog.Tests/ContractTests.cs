using AgentGrid.RunLog.Tests.Hosting;

namespace AgentGrid.RunLog.Tests;

/// <summary>What every store of runs must do, by the run log.</summary>
public static class ContractTests
{
    public sealed class Accepting : AcceptTests<RedisStoreHost>;

    public sealed class Appending : AppendTests<RedisStoreHost>;

    public sealed class Counting : CountingTests<RedisStoreHost>;

    public sealed class Listing : ListingTests<RedisStoreHost>;

    public sealed class Replaying : ReplayTests<RedisStoreHost>;

    public sealed class Sweeping : SweepTests<RedisStoreHost>;

    public sealed class FeedReading : FeedReadingTests<RedisStoreHost>;

    public sealed class Restarting : RestartTests<RedisStoreHost>;

    public sealed class Living : LifeTests<RedisStoreHost>;
}
