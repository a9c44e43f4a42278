using AgentGrid.StoreContract;

namespace AgentGrid.Embedded.Tests.Store;

/// <summary>What every store of runs must do, by the SQLite file.</summary>
public static class ContractTests
{
    public sealed class Accepting : AcceptTests<SqliteStoreHost>;

    public sealed class Appending : AppendTests<SqliteStoreHost>;

    public sealed class Counting : CountingTests<SqliteStoreHost>;

    public sealed class Listing : ListingTests<SqliteStoreHost>;

    public sealed class Replaying : ReplayTests<SqliteStoreHost>;

    public sealed class Sweeping : SweepTests<SqliteStoreHost>;

    public sealed class FeedReading : FeedReadingTests<SqliteStoreHost>;

    public sealed class Restarting : RestartTests<SqliteStoreHost>;

    public sealed class Living : LifeTests<SqliteStoreHost>;
}
