using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;

namespace AgentGrid.Cluster.Tests.Client;

/// <summary>What silos answer as JSON arrives at clients as it was.</summary>
public sealed class AnswersTests
{
    [Fact]
    public void Json_OfAgents_ArrivesWhole()
    {
        ImmutableArray<AgentDetails> agents =
        [
            new()
            {
                Config = new AgentConfig
                {
                    Name = "motion",
                    Capabilities = ["motion_generation", "scoring"],
                    Priority = -3,
                    MaxConcurrency = 2,
                    MaxConcurrencyTotal = 7,
                    Queue = "gpu",
                    Timeout = TimeSpan.FromMilliseconds(1_234_567),
                    Retry = new RetryPolicy { MaxAttempts = 4, Backoff = TimeSpan.FromSeconds(0.25), On = ["timeout"] },
                    Resources = new AgentResources(9L << 30),
                    Enabled = false,
                },
                Running = 1,
                Waiting = 2,
                Drained = true,
                Abandoned = 3,
                AbandonedAttempts =
                [
                    new AbandonedAttempt(
                        RunId.From(new Guid(1, 2, 3, new byte[8])), "match", "1", "motion", 2, "gpu1",
                        DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddSeconds(10)),
                ],
                Succeeded = 1L << 40,
                Failed = 5,
                TimedOut = 6,
                Cancelled = 7,
                Latency = new LatencyPercentiles(1.5, 2.25, 3, 4_000_000.125),
            },
            new()
            {
                Config = new AgentConfig { Name = "idle" },
                Running = 0,
                Waiting = 0,
                Succeeded = 0,
                Failed = 0,
                TimedOut = 0,
                Cancelled = 0,
            },
        ];

        Arrives(agents);
    }

    [Fact]
    public void Json_OfNodes_ArrivesWhole() => Arrives<ImmutableArray<NodeDetails>>(
    [
        new()
        {
            Name = "gpu1",
            Queues = ["gpu", "general"],
            Draining = true,
            Silent = true,
            Running = 3,
            Slots = [new NodeQueue("gpu", 1, 2)],
            Gpus = [new NodeGpu(0, "H200", 150L << 30, 2L << 30, 24L << 30, 30L << 30)],
            WarmAgents = ["motion"],
            Agents = [new NodeAgent("motion", 3)],
            SeenAt = new DateTimeOffset(2026, 11, 22, 13, 14, 15, 161, TimeSpan.Zero),
        },
        new() { Name = "all", Queues = null, Gpus = null, Running = 0, SeenAt = DateTimeOffset.UnixEpoch },
        new() { Name = "cpu1", Queues = [], Gpus = [], Running = 0, SeenAt = DateTimeOffset.UnixEpoch },
    ]);

    [Fact]
    public void Json_OfNodes_KeepsNothingApartFromUnknown()
    {
        var none = Arrived(new NodeDetails { Name = "n", Queues = [], Gpus = [], Running = 0, SeenAt = default });
        var unknown = Arrived(new NodeDetails { Name = "n", Queues = null, Gpus = null, Running = 0, SeenAt = default });

        Assert.Equal((0, 0), (none.Queues!.Value.Length, none.Gpus!.Value.Length));
        Assert.Equal((null, null), (unknown.Queues, unknown.Gpus));
    }

    [Fact]
    public void Json_OfPlans_ArrivesWhole() => Arrives<ImmutableArray<PlanDetails>>(
        [new("tactical", "87bec5", IsDefault: true, Json.Parse("""{"steps":{"a":{"agent":"x","input":{"n":1.5}}}}"""))]);

    [Fact]
    public void Json_OfADecision_ArrivesWhole()
    {
        Arrives(new RoutingDecision("motion", "highest priority",
        [
            new RoutingCandidate("motion", 10, 4, 0.25, 1e7, "warm on gpu1"),
            new RoutingCandidate("backup", 5, 0, 1.5, -1),
        ]));
        Arrives(new RoutingDecision(null, "nobody offers it", []));
    }

    [Fact]
    public void Json_OfWhatBecameOfASubmission_ArrivesWhole()
    {
        Arrives<SubmitResult>(new SubmitResult.Accepted(s_run));
        Arrives<SubmitResult>(new SubmitResult.Replayed(s_run with { Agents = null, Reason = null, EndedAt = null }));
        Arrives<SubmitResult>(new SubmitResult.Conflict(s_run, ["grid_snapshot.players[0].role", "round"]));
        Arrives<SubmitResult>(new SubmitResult.Invalid(
            [new ConfigProblem("plans/a.yaml", 3, 7, "steps.a", "unknown_key", "no 'agnt'"), new(null, 0, 0, "", "c", "m")]));
        Arrives<SubmitResult>(new SubmitResult.Overloaded(TimeSpan.FromMilliseconds(1_250), "full"));
        Arrives<SubmitResult>(new SubmitResult.Unavailable("stopping"));
        Arrives<SubmitResult>(new SubmitResult.GroupFull(new RunGroup("input.player", "7", 2, ConcurrencyPolicy.Reject), s_run.RunId));
        ArrivesOfEveryKind<SubmitResult>(7);
    }

    [Fact]
    public void Json_OfCommandsAndTheirResults_ArrivesWhole()
    {
        Arrives<RunCommand>(new RunCommand.Cancel("too \"late\""));
        Arrives<RunCommand>(new RunCommand.Retry("motion"));
        Arrives<RunCommand>(new RunCommand.Retry());
        Arrives<RunCommand>(new RunCommand.Signal("payment", Json.Parse("""{"amount":9007199254740993}"""), "key", "shop"));
        ArrivesOfEveryKind<RunCommand>(3);
        Arrives<CommandResult>(new CommandResult.Done(s_run, Changed: true));
        Arrives<CommandResult>(new CommandResult.NotFound());
        Arrives<CommandResult>(new CommandResult.Refused(s_run, "run_active", "it has not ended"));
        Arrives<CommandResult>(new CommandResult.Overloaded(TimeSpan.FromMilliseconds(1_250), "full"));
        Arrives<CommandResult>(new CommandResult.Unavailable("stopping"));
        ArrivesOfEveryKind<CommandResult>(5);
    }

    private static readonly RunSummary s_run = new()
    {
        RunId = RunId.From(Guid.CreateVersion7()),
        MatchId = "m|1 ü",
        Round = "r",
        Plan = "p",
        PlanVersion = "v",
        Status = RunStatus.Failed,
        AcceptedAt = new DateTimeOffset(2026, 11, 22, 13, 14, 15, 161, TimeSpan.Zero),
        StartedAt = new DateTimeOffset(2026, 11, 22, 13, 14, 16, TimeSpan.Zero),
        EndedAt = new DateTimeOffset(2026, 11, 22, 13, 15, 0, TimeSpan.Zero),
        WaitingAttempts = 2,
        RetryingBranches = 3,
        Agents = AgentSet.None.With("a").With("b"),
        Reason = "why",
    };

    // One that is added and not named above is found here.
    private static void ArrivesOfEveryKind<T>(int kinds) => Assert.Equal(
        kinds, typeof(T).GetNestedTypes().Count(t => t.IsSubclassOf(typeof(T))));

    private static T Arrived<T>(T value) => Json.Trusted(Json.From(value).Utf8.ToArray()).To<T>()!;

    private static void Arrives<T>(T value)
    {
        var sent = Json.From(value);
        var arrived = Json.From(Arrived(value));
        Assert.Equal(sent.ToString(), arrived.ToString());
        // Whatever the answer leaves out would be equal above, so it must not leave anything out.
        Assert.Equal(Describe(value), Describe(Arrived(value)));
    }

    // Records compare collections by reference: their parts are compared here.
    private static string Describe(object? value) => value switch
    {
        null => "null",
        string or Json or AgentSet or RunId => $"'{value}'",
        System.Collections.IEnumerable many => $"[{string.Join(", ", many.Cast<object?>().Select(Describe))}]",
        IFormattable simple => simple.ToString(null, System.Globalization.CultureInfo.InvariantCulture),
        bool flag => flag.ToString(),
        _ => $"{value.GetType().Name}({string.Join(", ", value.GetType().GetProperties()
            .Where(p => p.GetIndexParameters().Length == 0).Select(p => $"{p.Name}: {Describe(p.GetValue(value))}"))})",
    };
}
