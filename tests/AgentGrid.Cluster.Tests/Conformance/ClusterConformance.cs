using AgentGrid.Cluster.Tests.Hosting;
using AgentGrid.Conformance;

namespace AgentGrid.Cluster.Tests.Conformance;

/// <summary>
/// The conformance suite on silos over a real Redis; but for what the run machine alone decides, which the embedded engine
/// shows.
/// </summary>
public static class ClusterConformance
{
    public sealed class Submitting : SubmittingTests<ClusterGridHost>;

    public sealed class Pipelines : PipelineTests<ClusterGridHost>;

    public sealed class FanOut : FanOutTests<ClusterGridHost>;

    public sealed class Races : RaceTests<ClusterGridHost>;

    public sealed class Hedges : HedgeTests<ClusterGridHost>;

    public sealed class Each : EachTests<ClusterGridHost>;

    public sealed class Retries : RetryTests<ClusterGridHost>;

    public sealed class Timeouts : TimeoutTests<ClusterGridHost>;

    public sealed class Misbehaviour : MisbehaviourTests<ClusterGridHost>;

    public sealed class Cancelling : CancelTests<ClusterGridHost>;

    public sealed class Waiting : WaitingTests<ClusterGridHost>;

    public sealed class Later : LaterTests<ClusterGridHost>;

    public sealed class Webhooks : WebhooksTests<ClusterGridHost>;
    public sealed class Children : ChildRunTests<ClusterGridHost>;
    public sealed class Artifacts : ArtifactTests<ClusterGridHost>;
    public sealed class Labelled : LabelsTests<ClusterGridHost>;
    public sealed class Superseding : SupersedingTests<ClusterGridHost>;

    public sealed class Concurrency : ConcurrencyTests<ClusterGridHost>;

    public sealed class Schedules : SchedulesTests<ClusterGridHost>;

    public sealed class RetryingRuns : RetryingRunsTests<ClusterGridHost>;

    public sealed class Feeds : FeedTests<ClusterGridHost>;

    public sealed class DefaultPlan : DefaultPlanTests<ClusterGridHost>;

    public sealed class Listing : ListingTests<ClusterGridHost>;

    public sealed class Routing : RoutingTests<ClusterGridHost>;

    public sealed class Order : OrderTests<ClusterGridHost>;

    public sealed class Overload : OverloadTests<ClusterGridHost>;

    public sealed class Configuration : ConfigurationTests<ClusterGridHost>;

    public sealed class Restarting : RestartTests<ClusterGridHost>;

    public sealed class CrashLoops : CrashLoopTests<ClusterGridHost>;

    public sealed class CrashesUnderLoad : CrashUnderLoadTests<ClusterGridHost>;
}
