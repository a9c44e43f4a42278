using AgentGrid.Conformance;

namespace AgentGrid.Embedded.Tests.Conformance;

/// <summary>Every feature of the conformance suite, on the embedded engine.</summary>
public static class EmbeddedConformance
{
    public sealed class Submitting : SubmittingTests<EmbeddedGridHost>;

    public sealed class Pipelines : PipelineTests<EmbeddedGridHost>;

    public sealed class FanOut : FanOutTests<EmbeddedGridHost>;

    public sealed class Races : RaceTests<EmbeddedGridHost>;

    public sealed class Hedges : HedgeTests<EmbeddedGridHost>;

    public sealed class Each : EachTests<EmbeddedGridHost>;

    public sealed class Retries : RetryTests<EmbeddedGridHost>;

    public sealed class Timeouts : TimeoutTests<EmbeddedGridHost>;

    public sealed class Misbehaviour : MisbehaviourTests<EmbeddedGridHost>;

    public sealed class Cancelling : CancelTests<EmbeddedGridHost>;

    public sealed class Waiting : WaitingTests<EmbeddedGridHost>;

    public sealed class Later : LaterTests<EmbeddedGridHost>;

    public sealed class Webhooks : WebhooksTests<EmbeddedGridHost>;
    public sealed class Children : ChildRunTests<EmbeddedGridHost>;
    public sealed class Artifacts : ArtifactTests<EmbeddedGridHost>;
    public sealed class Labelled : LabelsTests<EmbeddedGridHost>;
    public sealed class Superseding : SupersedingTests<EmbeddedGridHost>;

    public sealed class Concurrency : ConcurrencyTests<EmbeddedGridHost>;

    public sealed class Schedules : SchedulesTests<EmbeddedGridHost>;

    public sealed class RetryingRuns : RetryingRunsTests<EmbeddedGridHost>;

    public sealed class Feeds : FeedTests<EmbeddedGridHost>;

    public sealed class DefaultPlan : DefaultPlanTests<EmbeddedGridHost>;

    public sealed class Listing : ListingTests<EmbeddedGridHost>;

    public sealed class Routing : RoutingTests<EmbeddedGridHost>;

    public sealed class Order : OrderTests<EmbeddedGridHost>;

    public sealed class Overload : OverloadTests<EmbeddedGridHost>;

    public sealed class Configuration : ConfigurationTests<EmbeddedGridHost>;

    public sealed class Restarting : RestartTests<EmbeddedGridHost>;

    public sealed class CrashLoops : CrashLoopTests<EmbeddedGridHost>;

    public sealed class CrashesUnderLoad : CrashUnderLoadTests<EmbeddedGridHost>;
}
