using AgentGrid.Cluster.Tests.Hosting;
using AgentGrid.Conformance;

namespace AgentGrid.Cluster.Tests.Conformance;

/// <summary>
/// Of the conformance suite what depends on the store and on the stream, on one silo without Redis. The rest is the same as
/// with Redis, and what is kept in the file is the same as with the embedded engine.
/// </summary>
public static class OneSiloConformance
{
    public sealed class Submitting : SubmittingTests<OneSiloHost>;

    public sealed class Waiting : WaitingTests<OneSiloHost>;

    public sealed class Webhooks : WebhooksTests<OneSiloHost>;

    public sealed class Superseding : SupersedingTests<OneSiloHost>;

    public sealed class Schedules : SchedulesTests<OneSiloHost>;

    public sealed class Feeds : FeedTests<OneSiloHost>;

    public sealed class Listing : ListingTests<OneSiloHost>;

    public sealed class Restarting : RestartTests<OneSiloHost>;

    public sealed class CrashesUnderLoad : CrashUnderLoadTests<OneSiloHost>;
}
