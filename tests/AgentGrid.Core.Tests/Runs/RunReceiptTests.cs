using System.Security.Cryptography;
using AgentGrid.Core.Placement;
using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Tests.Runs;

/// <summary>What a run leaves behind: its receipt, and its journal.</summary>
public sealed class RunReceiptTests
{
    private const string Plan = """
        {"steps":{
          "ask":{"agent":"chat"},
          "draw":{"needs":["ask"],"capability":"draw","hedge":{"after":"1s"}},
          "review":{"needs":["draw"],"approve":{"title":"Fine?"}}}}
        """;

    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void Build_EndedRun_SaysWhoDidWhatWhereWhyAndAtWhatCost()
    {
        var run = Ended();

        var receipt = ReceiptOf(run.State);

        Assert.Equal((RunStatus.Completed, "m", "1", "test"), (receipt.Status, receipt.MatchId, receipt.Round, receipt.Plan));
        Assert.StartsWith(receipt.PlanVersion, receipt.PlanSha256, StringComparison.Ordinal);
        Assert.Equal(Sha256(run.State.Input), receipt.InputSha256);
        Assert.Equal((Sha256(run.State.Result!), run.State.Result!.Utf8.Length), (receipt.ResultSha256, receipt.ResultBytes));
        Assert.Equal(
            [new("chat", "2.1", "0123456789ab"), new("painter", null, null), new("sketcher", null, null)],
            receipt.Agents.AsEnumerable());
        var ask = Assert.Single(receipt.Steps[0].Attempts);
        Assert.Equal(("chat", "2.1", "0123456789ab", AttemptStatus.Succeeded), (ask.Agent, ask.Version, ask.Hash, ask.Status));
        Assert.Equal((2, null), (ask.Seconds, ask.GpuSeconds));
        Assert.Equal(15, ask.Tokens);
        Assert.NotNull(ask.Why);
        var (first, backup) = (receipt.Steps[1].Attempts[0], receipt.Steps[1].Attempts[1]);
        Assert.Equal((AttemptStatus.Cancelled, 1.75, 1.75), (first.Status, first.Seconds, first.GpuSeconds));
        Assert.Equal((StopState.Stopped, true), (first.Stop!.State, first.Stop.Acknowledged));
        Assert.Equal(("gpu-1", 1, "the only one with room", 0.5), (backup.Node, backup.Gpu, backup.WhyNode, backup.GpuSeconds));
        Assert.True(backup.IsHedge);
        var decided = Assert.Single(receipt.Signals!.Value);
        Assert.Equal(("review", "review", "ann"), (decided.Signal, decided.Step, decided.By));
        Assert.Equal(
            (3, 1, 0, 0, 4.25, 2.25), (receipt.Totals.Started, receipt.Totals.Hedges, receipt.Totals.RefusedHedges, receipt.Totals.Losses,
                receipt.Totals.Seconds, receipt.Totals.GpuSeconds));
        Assert.Equal(15, receipt.Totals.Tokens);
    }

    [Fact]
    public void Build_FromTheJournal_IsTheSameToTheByte()
    {
        var run = Ended();
        var journal = new RunJournal(run.State.Plan, [.. run.Events]);

        var read = RunJournal.Read(journal.ToJson());

        Assert.Equal(ReceiptOf(run.State).ToJson(), ReceiptOf(read.Replay()).ToJson());
        Assert.Equal(journal.ToJson(), read.ToJson());
        // Its place in the journal is no place in the receipt; where an agent has thrown something is not for all.
        Assert.Equal(ReceiptOf(run.State).ToJson(), ReceiptOf(read.WithoutErrorDetail().Replay()).ToJson());
    }

    [Fact]
    public void Build_LargeValuesBesideTheJournal_AreHashedUnreadAndHandedOutWhole()
    {
        var text = Json.From(new string('x', 1_000));
        var reads = 0;
        var output = Json.Stored(new StoredValue(Sha256(text), text.Length), () =>
        {
            reads++;
            return text;
        });
        var run = new RunScenario("""{"steps":{"ask":{"agent":"chat"}}}""", Agents()).Started().When(new RunInput.CompleteAttempt("ask", 1, output));
        reads = 0;

        var attempt = ReceiptOf(run.State).Steps[0].Attempts[0];

        Assert.Equal((Sha256(text), 0), (attempt.OutputSha256, reads));
        var journal = RunJournal.Read(new RunJournal(run.State.Plan, [.. run.Events]).ToJson());
        Assert.Equal(text, journal.Replay().Steps[0].Output);
        Assert.Equal(ReceiptOf(run.State).ToJson(), ReceiptOf(journal.Replay()).ToJson());
    }

    [Fact]
    public void Build_FailedRun_HasTheErrorWithoutItsPlaceInTheAgent()
    {
        var run = new RunScenario("""{"steps":{"ask":{"agent":"chat"}}}""", Agents()).Started()
            .When(new RunInput.FailAttempt("ask", 1, new RunError(ErrorKind.Error, "broken", "it broke", false) { Detail = "at secret.py:7" }));

        var receipt = ReceiptOf(run.State);

        Assert.Equal(("broken", null), (receipt.Error!.Code, receipt.Steps[0].Attempts[0].Error!.Detail));
        Assert.DoesNotContain("secret.py", receipt.ToJson().ToString(), StringComparison.Ordinal);
        Assert.Null(receipt.ResultSha256);
        var journal = new RunJournal(run.State.Plan, [.. run.Events]);
        Assert.Contains("secret.py", journal.ToJson().ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("secret.py", journal.WithoutErrorDetail().ToJson().ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Build_RunThatHasNotEnded_IsRefused() => Assert.Contains(
        "there is a receipt when it has ended",
        Assert.Throws<ArgumentException>(() => ReceiptOf(new RunScenario(Plan, Agents()).Started().State)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"plan":"p","plan_definition":{"steps":{"a":{"agent":"x"}}},"events":[{"type":"run.exploded","time":"2026-01-01T00:00:00Z"}]}""")]
    [InlineData("""{"plan":"p","plan_definition":{"steps":{}},"events":[]}""")]
    public void Read_WhatIsNoJournal_IsRefused(string json) =>
        Assert.Throws<InvalidDataException>(() => RunJournal.Read(Json.Parse(json)));

    private static RunScenario Ended()
    {
        var run = new RunScenario(Plan, Agents()).Started().Sleep(2 * Second)
            .When(new RunInput.CompleteAttempt("ask", 1, Json.Parse("""{"text":"so"}""")) { Tokens = 15 });
        // The slots of the backup are asked for.
        run.Routing.InUse["sketcher"] = 100;
        run.After(Second).When(new RunInput.GrantSlot("draw", 2, "gpu-1", new PlacementDecision("gpu-1", "the only one with room", [], 1)));
        return run.Sleep(0.5 * Second).Succeeds("draw", 2)
            .When(new RunInput.ReportStop("draw", 1, new AttemptStop(HasStopped: true, Acknowledged: true, Seconds: 1.75, GpuSeconds: 1.75)))
            .When(new RunInput.ReceiveSignal("review", Json.Parse("""{"approved":true}"""), "ann", IsDecision: true));
    }

    private static FakeRouting Agents()
    {
        var routing = new FakeRouting().With("chat", "talk").With("painter", "draw", priority: 1).With("sketcher", "draw");
        routing.Agents["chat"] = routing.Agents["chat"] with { Version = "2.1", Hash = "0123456789ab" };
        return routing;
    }

    private static RunReceipt ReceiptOf(RunState run) => RunReceiptBuilder.Build(RunDetailsBuilder.Build(run));

    private static string Sha256(Json json) => Convert.ToHexStringLower(SHA256.HashData(json.Utf8.Span));
}
