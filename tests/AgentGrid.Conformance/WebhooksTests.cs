using System.Globalization;
using System.Text.Json;
using AgentGrid.Conformance.Cast;
using AgentGrid.Conformance.Hosting;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using StandardWebhooks;

namespace AgentGrid.Conformance;

/// <summary>Somebody is told when a run ends or waits.</summary>
public abstract class WebhooksTests<THost> : ConformanceTests<THost>
    where THost : IGridHost, new()
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private const string Steps = """{"a": {"agent": "alpha"}}""";

    private readonly WebhookReceiver _receiver = new();

    protected override GridSetup Setup => new()
    {
        Webhooks = new WebhookOptions
        {
            AllowedHosts = { _receiver.Host },
            Secret = Secret,
            RetryAfter = TimeSpan.FromMilliseconds(20),
        },
    };

    // The first two tries are answered with an error, so that the third takes it; a retry of the run is told anew.
    [Fact]
    public async Task Ended_IsToldWithASignatureUntilItIsTaken_AndAgainAfterARetry()
    {
        _receiver.Answer = static before => before < 2 ? 500 : 204;
        var asked = Request(Steps) with { Webhooks = [new Webhook(_receiver.Url, Webhook.Ends)] };
        var run = await AcceptAsync(asked);
        AssertCompleted(await EndOfAsync(run));

        var delivery = await SettledAsync(run, 1);
        Assert.Equal((DeliveryState.Delivered, 3, null), (delivery.State, delivery.Tries, delivery.LastError));
        var posts = _receiver.Posts;
        Assert.Equal([delivery.Id, delivery.Id, delivery.Id], posts.Select(static p => p.Id));
        Assert.Single(posts.Select(static p => p.Body).Distinct());
        foreach (var post in posts)
        {
            var time = DateTimeOffset.FromUnixTimeSeconds(long.Parse(post.Headers["webhook-timestamp"]!, CultureInfo.InvariantCulture));
            Assert.InRange(DateTimeOffset.UtcNow - time, TimeSpan.FromMinutes(-5), TimeSpan.FromMinutes(5));
            Assert.Equal(new StandardWebhook(Secret).Sign(post.Id, time, post.Body), post.Headers["webhook-signature"]);
        }
        using (var body = JsonDocument.Parse(posts[0].Body))
        {
            Assert.Equal("run.completed", body.RootElement.GetProperty("type").GetString());
            var told = body.RootElement.GetProperty("data").GetProperty("run");
            Assert.Equal(run.RunId.Value, told.GetProperty("run_id").GetString());
            Assert.Equal("completed", told.GetProperty("status").GetString());
        }
        Assert.Equal(
            [Stages.Completed, Stages.WebhookFailed, Stages.WebhookFailed, Stages.WebhookDelivered],
            (await FeedAsync(new(RunId: run.RunId))).TakeLast(4).Select(static e => e.Stage));

        // They are no part of what was posted, and the run is what it was.
        Assert.IsType<SubmitResult.Replayed>(await Grid.SubmitAsync(asked with { Webhooks = [] }));
        Assert.Equal(0, (await Grid.GetRunAsync(run.RunId))!.Summary.OpenWebhooks);
        Assert.IsType<CommandResult.Done>(await Grid.RetryAsync(run.RunId, "a"));
        AssertCompleted(await EndOfAsync(run));
        Assert.NotEqual(delivery.Id, (await SettledAsync(run, 2)).Id);
    }

    // While nobody listens the run has ended for everybody, and a process that comes later tells what is owed.
    [Fact]
    public async Task Restarted_TellsWhatIsOwed()
    {
        _receiver.Answer = static _ => 503;
        var plan = $$"""{"webhooks": [{"url": "{{_receiver.Url}}", "on": ["waiting", "reminder", "cancelled"]}], "steps": {"w": {"wait": {"signal": "go", "remind_after": "5ms"} } } }""";
        var run = await AcceptAsync(Request(Steps) with { InlinePlan = Json.Parse(plan) });
        await Limits.EventuallyAsync(
            () => ValueTask.FromResult(_receiver.Posts.Count > 0), () => new("the webhook is not told that a step waits"));
        await SeenAsync(run, "w:reminder");
        Assert.IsType<CommandResult.Done>(await Grid.CancelAsync(run.RunId));
        Assert.Equal(RunStatus.Cancelled, (await EndOfAsync(run)).Summary.Status);
        await SeenAsync(run, Stages.WebhookFailed);

        await Host.CrashAsync();
        _receiver.Answer = static _ => 200;
        await Host.StartAsync(Setup);

        await SettledAsync(run, 3);
        var ended = (await Grid.GetRunAsync(run.RunId))!;
        Assert.Equal(
            [(WebhookEvent.Waiting, "w"), (WebhookEvent.Reminder, "w"), (WebhookEvent.Cancelled, null)],
            Assert.Single(ended.Webhooks).Deliveries.Select(static d => (d.Event, d.Step)));
        Assert.All(ended.Webhooks[0].Deliveries, static d => Assert.Equal(DeliveryState.Delivered, d.State));
        Assert.Equal(RunStatus.Cancelled, ended.Summary.Status);
        Assert.Equal(run.RunId, Assert.Single((await Grid.ListRunsAsync(new RunQuery(RunStatus.Cancelled))).Runs).RunId);
        Assert.Empty((await Grid.ListRunsAsync(new RunQuery(RunStatus.Running))).Runs);
    }

    [Fact]
    public async Task Refused_WhereTheHostIsNotAllowed_AndGivenUpWhereThePlanOfTheConfigurationSaysSo()
    {
        var elsewhere = new Webhook("https://elsewhere.example/x", Webhook.Ends);
        var refused = Assert.IsType<SubmitResult.Invalid>(
            await Grid.SubmitAsync(Request(Steps) with { Webhooks = [elsewhere] }));
        var problem = Assert.Single(refused.Problems);
        Assert.Equal(("webhooks[0].url", CommandCodes.WebhookRefused), (problem.Path, problem.Code));
        Assert.Contains("AgentGrid:Webhooks:AllowedHosts", problem.Message, StringComparison.Ordinal);

        await Host.EditAsync("plans/told.yaml", $$"""
            plans:
              told:
                webhooks:
                  - url: {{elsewhere.Url}}
                  - url: {{_receiver.Url}}
                steps:
                  a: {agent: alpha}
            """);
        _receiver.Answer = static _ => 410;
        var run = await AcceptAsync(Request(Steps) with { InlinePlan = null, Plan = "told" });
        AssertCompleted(await EndOfAsync(run));
        await SettledAsync(run, 2);
        var webhooks = (await Grid.GetRunAsync(run.RunId))!.Webhooks;
        Assert.All(webhooks, static w => Assert.Equal((DeliveryState.Failed, 1), (w.Deliveries[0].State, w.Deliveries[0].Tries)));
        Assert.Contains("AllowedHosts", webhooks[0].Deliveries[0].LastError, StringComparison.Ordinal);
        Assert.Contains("410", webhooks[1].Deliveries[0].LastError, StringComparison.Ordinal);
    }

    /// <summary>Waits until a run has so many deliveries, and all of them are settled.</summary>
    /// <returns>The last.</returns>
    private async Task<DeliveryDetails> SettledAsync(RunSummary run, int count)
    {
        DeliveryDetails[] deliveries = [];
        await Limits.EventuallyAsync(
            async () =>
            {
                deliveries = [.. (await Grid.GetRunAsync(run.RunId))!.Webhooks.SelectMany(static w => w.Deliveries)];
                return deliveries.Length == count && deliveries.All(static d => d.State != DeliveryState.Pending);
            },
            () => new($"deliveries are not settled: {string.Join("; ", deliveries.AsEnumerable())}"));
        return deliveries[^1];
    }
}
