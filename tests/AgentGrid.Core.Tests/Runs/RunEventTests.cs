using System.Reflection;
using System.Text;
using System.Text.Json;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Placement;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Routing;
using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Tests.Runs;

public sealed class RunEventTests
{
    private static readonly DateTimeOffset Time = new(2026, 5, 4, 3, 2, 1, TimeSpan.Zero);
    private static readonly RunId Id = RunId.From(new Guid(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11));
    private static readonly RunError Error = new(ErrorKind.Timeout, "timeout", "too \"late\"", false);
    private static readonly RoutingDecision Decision =
        new("a", "why", [new RoutingCandidate("a", 1, 2, 0.5, 3.25, "note"), new RoutingCandidate("b", 0, 0, 1, 0)]);

    private static readonly PlacementDecision Placement = new(
        "n", "less loaded; next is 'm'",
        [new NodeCandidate("n", 1_000, 2, 0.25, 4096, "the agent is loaded"), new NodeCandidate("m", 950, 1, 0.5)], Gpu: 1);

    public static TheoryData<RunEvent> Samples() => new(new RunEvent[]
    {
        new RunEvent.RunAccepted(Id, "m", "r", "p", "v", Json.Parse("""{"x":[1,2.50,"ä\u0001"]}"""), ulong.MaxValue, 3, "t") { Time = Time, Inline = true },
        new RunEvent.RunAccepted(Id, "m", "r", "p", "v", Json.EmptyObject, 1) { Time = Time, StartsAt = Time.AddHours(9) },
        new RunEvent.RunAccepted(Id, "m", "r", "p", "v", Json.EmptyObject, 1) { Time = Time, Labels = Labels.Of(("team", "blü")) },
        new RunEvent.RunAccepted(Id, "m", "r", "p", "v", Json.EmptyObject, 1) { Time = Time, Group = new("input.x", "7", 2, ConcurrencyPolicy.Replace) },
        new RunEvent.RunDue { Time = Time },
        new RunEvent.RunStarted(Time.AddHours(1)) { Time = Time },
        new RunEvent.RunResumed(Time.AddSeconds(-9), Time.AddHours(2)) { Time = Time },
        new RunEvent.StepFannedOut("s", StepMode.Race, ["a", "b"], 2, 1) { Time = Time },
        new RunEvent.AttemptQueued("s", 0, 1, "a", Decision) { Time = Time },
        new RunEvent.AttemptStarted("s", 0, 1, "a", "n", Time.AddTicks(7), Decision, Placement) { Time = Time },
        new RunEvent.AttemptProgressed("s", 1, "a", 0.4, "half") { Time = Time },
        new RunEvent.AttemptSucceeded("s", 1, "a", Json.Parse("null")) { Time = Time },
        new RunEvent.AttemptFailed("s", 1, "a", Error, Time.AddSeconds(1), true) { Time = Time },
        new RunEvent.AttemptFailed("s", 2, "a", Error with { RetryAfter = TimeSpan.FromSeconds(2.5) }) { Time = Time },
        new RunEvent.AttemptFailed("s", 3, "a", Error with { Type = "KeyError", Detail = "in a\nin b" }) { Time = Time },
        new RunEvent.AttemptSucceeded("s", 1, "a", Json.Parse("1")) { Time = Time, Tokens = 1_200 },
        new RunEvent.AttemptFailed("s", 1, "a", Error) { Time = Time, Tokens = 0 },
        new RunEvent.AttemptLost("s", 1, "a", "n", "gone") { Time = Time },
        new RunEvent.AttemptCancelled("s", 1, "a", "lost the race") { Time = Time },
        new RunEvent.AttemptQueued("s", 0, 1, "a", Decision) { Time = Time, IsHedge = true },
        new RunEvent.AttemptStarted("s", 0, 1, "a", "n", Time, Decision) { Time = Time, Hedge = new HedgeDue(Time.AddSeconds(1), "p95 of 40 attempts") },
        new RunEvent.AttemptStarted("s", 0, 1, "a", "n", Time) { Time = Time, Hedge = new HedgeDue(null, "it starts cold") },
        new RunEvent.AttemptStarted("s", 0, 1, "a", "n", Time) { Time = Time, AgentVersion = "1.2", AgentHash = "0123456789ab" },
        new RunEvent.AttemptCancelled("s", 1, "a", "the budget is used up") { Time = Time, IsRefusedHedge = true },
        new RunEvent.AttemptStopped("s", 1, "a", new AttemptStop(true, true, 1.25, 1.25)) { Time = Time },
        new RunEvent.RunResumed(Time.AddSeconds(-9), Time.AddHours(2), Time) { Time = Time },
        new RunEvent.StepWaiting("s", "payment", Time.AddDays(2)) { Time = Time },
        new RunEvent.StepReminded("s", "payment") { Time = Time },
        new RunEvent.SignalReceived("payment", Json.Parse("""{"x":1.50}"""), "shop", "k", "s") { Time = Time },
        new RunEvent.SignalReceived("payment", Json.Null) { Time = Time },
        new RunEvent.StepCompleted("s", [1, 3]) { Time = Time },
        new RunEvent.StepFailed("s", Error, true) { Time = Time },
        new RunEvent.StepSkipped("s", "no need") { Time = Time },
        new RunEvent.SubmissionSkipped { Time = Time },
        new RunEvent.RunSuperseded(RunId.Parse("0199a3c2f0b87c1e9d2a4b6c8d0e1f23")) { Time = Time },
        new RunEvent.RunCompleted(Json.Parse("""{"frames":3}""")) { Time = Time },
        new RunEvent.RunFailed(Error) { Time = Time },
        new RunEvent.RunCancelled("why not") { Time = Time },
        new RunEvent.RunRetried("s") { Time = Time },
        new RunEvent.RunRetried("s", ["s", "t"], ["t"]) { Time = Time },
        new RunEvent.WebhookDelivered(1) { Time = Time },
        new RunEvent.WebhookFailed(1, "no") { Time = Time },
        new RunEvent.WebhookFailed(1, "no", Time) { Time = Time },
    });

    private static readonly IEnumerable<Type> Cases =
        typeof(RunEvent).GetNestedTypes(BindingFlags.Public).Where(t => t.IsSubclassOf(typeof(RunEvent)));

    [Fact]
    public void Samples_CoverEveryCase() =>
        Assert.Equal(Cases.ToHashSet(), Samples().Select(row => row.Data.GetType()).ToHashSet());

    [Theory]
    [MemberData(nameof(Samples))]
    public void Write_ThenRead_GivesTheSameEvent(RunEvent e)
    {
        var bytes = Write([e]);

        var back = Assert.Single(RunEventJson.Read(bytes));

        Assert.Equal(e.GetType(), back.GetType());
        Assert.Equal(Encoding.UTF8.GetString(bytes), Encoding.UTF8.GetString(Write([back])));
        Assert.Equal(e.Time, back.Time);
    }

    [Theory]
    [MemberData(nameof(Samples))]
    public void FeedWriter_EveryCase_WritesAnObjectWithItsStage(RunEvent e)
    {
        var fed = new FeedWriter().Write(7, Id, new RunKey("m", "r"), e);

        using var document = JsonDocument.Parse(fed.Utf8);
        var root = document.RootElement;
        Assert.Equal(7, root.GetProperty("seq").GetInt64());
        Assert.Equal(Id.Value, root.GetProperty("run_id").GetString());
        Assert.Equal("m", root.GetProperty("match_id").GetString());
        Assert.Equal("r", root.GetProperty("round").GetString());
        Assert.Equal(fed.Stage, root.GetProperty("stage").GetString());
        Assert.Equal(Time, root.GetProperty("time").GetDateTimeOffset());
        Assert.Equal(JsonValueKind.Object, root.GetProperty("meta").ValueKind);
        var attempt = e.GetType().Name.StartsWith("Attempt", StringComparison.Ordinal);
        Assert.Equal(attempt, root.TryGetProperty("agent", out _));
        Assert.Equal(attempt, root.TryGetProperty("attempt", out _));
    }

    [Fact]
    public void FeedWriter_OfAnOutputForPeople_WritesOneLine()
    {
        var e = new RunEvent.AttemptSucceeded("s", 1, "a", Json.Parse("{\r\n  \"x\": \"a\\nb\"\n}")) { Time = Time };

        var fed = new FeedWriter().Write(7, Id, new RunKey("m", "r"), e);

        Assert.False(fed.Utf8.Span.ContainsAny("\r\n"u8));
        var output = JsonElement.Parse(fed.Utf8.Span).GetProperty("meta").GetProperty("output");
        Assert.Equal("a\nb", output.GetProperty("x").GetString());
    }

    [Fact]
    public void Write_AttemptWithoutAChoiceOfNodes_SaysNothingOfPlacement()
    {
        var written = Encoding.UTF8.GetString(Write([new RunEvent.AttemptStarted("s", 0, 1, "a", "n", Time) { Time = Time }]));

        Assert.DoesNotContain("placement", written, StringComparison.Ordinal);
        Assert.Null(Assert.IsType<RunEvent.AttemptStarted>(
            Assert.Single(RunEventJson.Read(Encoding.UTF8.GetBytes(written)))).Placement);
    }

    [Fact]
    public void Read_PlacedAttempt_KeepsWhyAndEveryCandidate()
    {
        var sample = Samples().Select(row => row.Data).OfType<RunEvent.AttemptStarted>().Single(static e => e.Placement is not null);

        var back = Assert.IsType<RunEvent.AttemptStarted>(Assert.Single(RunEventJson.Read(Write([sample]))));

        Assert.Equal(("n", "less loaded; next is 'm'", 1), (back.Placement!.Node, back.Placement.Why, back.Placement.Gpu));
        Assert.Equal(Placement.Candidates, back.Placement.Candidates.AsEnumerable());
    }

    [Fact]
    public void Evolve_JournalOfVersion1_StillReplays()
    {
        var lines = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Runs", "Fixtures", "journal-v1.jsonl"));
        var plan = PlanReader.ReadJson("tactical_motion", Json.Parse(lines[0])).Plan!;
        var state = lines.Skip(1).SelectMany(line => RunEventJson.Read(Encoding.UTF8.GetBytes(line)))
            .Aggregate(new RunState(plan), RunMachine.Evolve);

        Assert.Equal(RunStatus.Completed, state.Status);
        Assert.Equal("match_123/round_4", state.Key.ToString());
        Assert.Equal(7, state.Steps.Sum(s => s.Attempts.Count));
        Assert.Equal(StepStatus.Completed, state["validators"].Status);
        Assert.Equal(AttemptStatus.Cancelled, state["motion"].Attempts[1].Status);
    }

    [Fact]
    public void Evolve_FirstEventIsNotTheAcceptance_Refuses()
    {
        var plan = PlanReader.ReadJson("p", Json.Parse("""{"steps":{"a":{"agent":"x"}}}""")).Plan!;

        Assert.Throws<InvalidOperationException>(() =>
            RunMachine.Evolve(new RunState(plan), new RunEvent.RunStarted(Time) { Time = Time }));
    }

    private static byte[] Write(IReadOnlyList<RunEvent> events)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            RunEventJson.Write(writer, events);
        }
        return stream.ToArray();
    }
}
