using AgentGrid.Cluster.Tests.Hosting;
using AgentGrid.Conformance;

namespace AgentGrid.Cluster.Tests.Conformance;

/// <summary>
/// Of the conformance suite what depends on the store and on the stream, on one silo without Redis; the rest is the same as
/// with Redis.
/// </summary>
public static class OneSiloConformance
{
    public sealed class Submitting : SubmittingTests<OneSiloHost>;

    public sealed class Pipelines : PipelineTests<OneSiloHost>;

    public sealed class Waiting : WaitingTests<OneSiloHost>;

    public sealed class Later : LaterTests<OneSiloHost>;

    public sealed class Webhooks : WebhooksTests<OneSiloHost>;
    public sealed class Children : ChildRunTests<OneSiloHost>;
    public sealed class Artifacts : ArtifactTests<OneSiloHost>;
    public sealed class Labelled : LabelsTests<OneSiloHost>;
    public sealed class Superseding : SupersedingTests<OneSiloHost>;

    public sealed class Concurrency : ConcurrencyTests<OneSiloHost>;

    public sealed class Schedules : SchedulesTests<OneSiloHost>;

    public sealed class RetryingRuns : RetryingRunsTests<OneSiloHost>;

    public sealed class Feeds : FeedTests<OneSiloHost>;

    public sealed class Listing : ListingTests<OneSiloHost>;

    public sealed class Overload : OverloadTests<OneSiloHost>;

    public sealed class Restarting : RestartTests<OneSiloHost>;

    public sealed class CrashesUnderLoad : CrashUnderLoadTests<OneSiloHost>;
}
