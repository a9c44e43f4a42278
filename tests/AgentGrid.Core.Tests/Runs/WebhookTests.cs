using System.Text.Json;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Tests.Runs;

/// <summary>What webhooks are told of a run, and when they are told again.</summary>
public sealed class WebhookTests
{
    private const string Ends = """{"url":"https://a.example/x"}""";
    private const string Waits = """{"url":"https://b.example/y","on":["waiting","completed"]}""";

    [Theory]
    [InlineData(RunStatus.Completed, WebhookEvent.Completed)]
    [InlineData(RunStatus.Failed, WebhookEvent.Failed)]
    [InlineData(RunStatus.Cancelled, WebhookEvent.Cancelled)]
    public void Evolve_RunEnds_OwesEachWebhookThatWantsThat(RunStatus status, WebhookEvent told)
    {
        var run = Run(Ends, Waits).Started();
        _ = status switch
        {
            RunStatus.Completed => run.Succeeds("a"),
            RunStatus.Failed => run.Fails("a"),
            _ => run.When(new RunInput.CancelRun("no")),
        };

        Assert.Equal(status, run.State.Status);
        Assert.Equal(status == RunStatus.Completed ? 2 : 1, run.State.OpenDeliveries);
        var delivery = run.State.Deliveries[0];
        Assert.Equal((1, told, DeliveryState.Pending, run.Now), (delivery.Number, delivery.Event, delivery.State, delivery.At));
        Assert.Equal((status, run.Now), (delivery.Run.Status, delivery.Run.EndedAt));
        Assert.Equal(status == RunStatus.Failed, delivery.Error is not null);
        Assert.EndsWith("_1", delivery.Id, StringComparison.Ordinal);
        Assert.Equal(run.State.OpenDeliveries, RunDetailsBuilder.Summarize(run.State).OpenWebhooks);
    }

    [Fact]
    public void WebhookMessage_OfAFailure_DoesNotSayWhereItWasThrown()
    {
        var error = new RunError(ErrorKind.Error, "broke", "it broke") { Type = "Oops", Detail = "at Secret.Place()" };
        var run = Run(Ends).Started().When(new RunInput.FailAttempt("a", 1, error));

        var told = WebhookMessage.Of(run.State.Deliveries[0]).ToString()!;

        Assert.Contains("it broke", told, StringComparison.Ordinal);
        Assert.DoesNotContain("Secret.Place", told, StringComparison.Ordinal);
    }

    [Fact]
    public void Evolve_StepWaits_TellsTheStepAndItsSignal()
    {
        var run = Waiting().Started();

        var delivery = Assert.Single(run.State.Deliveries);
        Assert.Equal((WebhookEvent.Waiting, "w", "go"), (delivery.Event, delivery.Step, delivery.Signal));
        run.When(new RunInput.ReceiveSignal("go", Json.EmptyObject));
        Assert.Equal(WebhookEvent.Completed, run.State.Deliveries[1].Event);
        using var body = JsonDocument.Parse(WebhookMessage.Of(delivery).Utf8);
        Assert.Equal("run.waiting", body.RootElement.GetProperty("type").GetString());
        var data = body.RootElement.GetProperty("data");
        Assert.Equal(("w", "go"), (data.GetProperty("step").GetString(), data.GetProperty("signal").GetString()));
        Assert.Equal("running", data.GetProperty("run").GetProperty("status").GetString());
    }

    [Fact]
    public void FireTimers_ReminderIsDue_TellsOnceAndWaitsOn()
    {
        var run = new RunScenario("""
            {"webhooks":[{"url":"https://hooks.example/","on":["reminder"]}],
             "steps":{"w":{"wait":{"signal":"go","timeout":"1h","remind_after":"20m"}}}}
            """, new FakeRouting()).Started();
        Assert.Equal(RunScenario.Start.AddMinutes(20), RunDetailsBuilder.Build(run.State).Steps[0].Wait!.RemindsAt);

        run.After(TimeSpan.FromMinutes(19)).Then().After(TimeSpan.FromMinutes(1)).Then("w:reminder").After(TimeSpan.FromMinutes(39)).Then();

        var delivery = Assert.Single(run.State.Deliveries);
        Assert.Equal((WebhookEvent.Reminder, "w", "go"), (delivery.Event, delivery.Step, delivery.Signal));
        Assert.Contains("\"type\":\"run.reminder\"", WebhookMessage.Of(delivery).ToString(), StringComparison.Ordinal);
        Assert.Null(RunDetailsBuilder.Build(run.State).Steps[0].Wait!.RemindsAt);
        run.After(TimeSpan.FromMinutes(1)).Then("w:failed", "error");
    }

    [Fact]
    public void FireTimers_SignalCameOrNobodyWasThere_RemindsOfNothingTooEarly()
    {
        const string plan = """{"steps":{"w":{"wait":{"signal":"go","timeout":"1h","remind_after":"20m"}}}}""";
        var done = new RunScenario(plan, new FakeRouting()).Started().When(new RunInput.ReceiveSignal("go", Json.Null));
        var down = new RunScenario(plan, new FakeRouting()).Started().Sleep(TimeSpan.FromHours(2));
        down.When(new RunInput.ResumeRun(RunScenario.Start.AddMinutes(10), down.Now));

        Assert.Null(done.State.NextDue);
        done.After(TimeSpan.FromMinutes(30)).Then();
        down.After(TimeSpan.FromMinutes(9)).Then().After(TimeSpan.FromMinutes(1)).Then("w:reminder");
    }

    // What has come before does not keep the step waiting, so there is nothing to tell.
    [Fact]
    public void Evolve_SignalCameBefore_TellsNothing()
    {
        var run = Waiting().When(new RunInput.ReceiveSignal("go", Json.EmptyObject)).Started();

        Assert.Equal([WebhookEvent.Completed], run.State.Deliveries.Select(static d => d.Event));
    }

    [Fact]
    public void ReportDelivery_Failures_AreTriedAgainLaterAndLater_ThenGivenUp()
    {
        var run = Run(Ends).Started().Succeeds("a");
        var waits = new List<double>();
        var tries = 0;
        while (run.State.OpenDeliveries > 0)
        {
            run.When(new RunInput.ReportDelivery(1, ++tries, "It answered 500.")).Then("webhook:failed");
            if (run.State.Deliveries[0].NextTryAt is { } next)
            {
                waits.Add((next - run.Now).TotalSeconds);
                run.Sleep(next - run.Now);
            }
        }

        Assert.All(
            waits.Zip([5.0, 30, 180, 1_080, 6_480, 14_400, 14_400, 14_400, 14_400]),
            static w => Assert.InRange(w.First, w.Second * 0.9, w.Second));
        Assert.InRange(run.Now - run.State.EndedAt!.Value, TimeSpan.FromHours(18), TimeSpan.FromHours(24));
        var delivery = run.State.Deliveries[0];
        Assert.Equal((DeliveryState.Failed, tries, "It answered 500."), (delivery.State, delivery.Tries, delivery.LastError));
        Assert.Equal(RunStatus.Completed, run.State.Status);
    }

    [Fact]
    public void ReportDelivery_GivesUp_IsNotTriedAgain()
    {
        var run = Run(Ends).Started().Succeeds("a").When(new RunInput.ReportDelivery(1, 1, "It answered 410.", GivesUp: true));

        Assert.Equal((DeliveryState.Failed, null), (run.State.Deliveries[0].State, run.State.Deliveries[0].NextTryAt));
        Assert.Equal(0, run.State.OpenDeliveries);
    }

    // A turn that is handled twice, or a process that comes late.
    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 3)]
    [InlineData(2, 1)]
    [InlineData(0, 1)]
    public void ReportDelivery_OfAnotherTry_IsIgnored(int delivery, int number)
    {
        var run = Run(Ends).Started().Succeeds("a").When(new RunInput.ReportDelivery(1, 1, "It answered 500."));

        run.When(new RunInput.ReportDelivery(delivery, number)).Then();

        Assert.NotNull(run.Ignored);
        Assert.Equal(1, run.State.OpenDeliveries);
    }

    [Fact]
    public void RetryRun_WhatIsOwedOfTheEarlierEnd_StaysAsItWas()
    {
        var run = Run(Ends).Started().Fails("a");
        var before = run.State.Deliveries[0];

        run.When(new RunInput.RetryRun()).Started().When(new RunInput.ReportDelivery(1, 1)).Then("webhook:delivered");
        run.Succeeds("a", 2);

        Assert.Equal([DeliveryState.Delivered, DeliveryState.Pending], run.State.Deliveries.Select(static d => d.State));
        Assert.Equal([WebhookEvent.Failed, WebhookEvent.Completed], run.State.Deliveries.Select(static d => d.Event));
        Assert.Equal(WebhookMessage.Of(before), WebhookMessage.Of(run.State.Deliveries[0]));
        Assert.Equal(RunStatus.Failed, run.State.Deliveries[0].Run.Status);
    }

    [Theory]
    [InlineData("""{"url":"https://a.example/"}""", null)]
    [InlineData("""{"url":"http://a.example:81/x?y=z","on":"waiting"}""", null)]
    [InlineData("""{"url":"ftp://a.example/"}""", "AG1024")]
    [InlineData("""{"url":"/x"}""", "AG1024")]
    [InlineData("""{"url":"https://u:p@a.example/"}""", "AG1024")]
    [InlineData("""{"url":"https://a.example/#x"}""", "AG1024")]
    [InlineData("""{"on":["failed"]}""", "AG1008")]
    [InlineData("""{"url":"https://a.example/","on":[]}""", "AG1008")]
    [InlineData("""{"url":"https://a.example/","on":["ended"]}""", "AG1014")]
    [InlineData("""{"url":"https://a.example/","on":["failed","failed"]}""", "AG1015")]
    [InlineData("""{"url":"https://a.example/","to":1}""", "AG1002")]
    [InlineData("7", "AG1004")]
    [InlineData("""{"url":"https://a/"},{"url":"https://a/"},{"url":"https://a/"},{"url":"https://a/"},{"url":"https://a/"},{"url":"https://a/"}""", "AG1005")]
    public void ReadJson_SaysWhatIsWrong(string webhooks, string? code)
    {
        var read = WebhookReader.ReadJson(Json.Parse($"[{webhooks}]"), out var problems);

        Assert.Equal(code, problems.FirstOrDefault()?.Code);
        Assert.Equal(code is null ? 1 : 0, read.Length);
    }

    [Fact]
    public void Definition_HasThem_AndReadsBack()
    {
        var plan = Run(Ends, Waits).State.Plan;
        var again = PlanReader.ReadJson("test", plan.Definition).Plan!;

        Assert.Equal(plan.Definition, again.Definition);
        Assert.Contains(
            """
            [{"url":"https://a.example/x"},{"url":"https://b.example/y","on":["completed","waiting"]}]
            """,
            plan.Definition.ToString(), StringComparison.Ordinal);
    }

    private static RunScenario Run(params string[] webhooks) => new(
        $$"""{"webhooks":[{{string.Join(',', webhooks)}}],"steps":{"a":{"agent":"best"} } }""",
        new FakeRouting().With("best", "work"));

    private static RunScenario Waiting() => new(
        $$"""{"webhooks":[{{Waits}}],"steps":{"w":{"wait":{"signal":"go"} } } }""", new FakeRouting());
}
