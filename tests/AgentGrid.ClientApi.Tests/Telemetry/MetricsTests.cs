using System.Globalization;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.RegularExpressions;
using AgentGrid.Api.Hosting;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using Microsoft.Extensions.DependencyInjection;

namespace AgentGrid.ClientApi.Tests.Telemetry;

/// <summary>
/// What <c>/metrics</c> says of a real engine. Alone, because engines of one process share what they are read by: the
/// end of one takes it from the others.
/// </summary>
[Collection(nameof(Alone))]
public sealed partial class MetricsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentgrid-metrics-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Metrics_AfterARunAndARefusal_CountThem()
    {
        var plan = $"counted_{Guid.NewGuid():N}";
        Write("config/plans/counted.yaml", $"plans:\n  {plan}:\n    steps:\n      a: {{ agent: echo }}\n");
        await using var app = ServerProgram.Build(Serve(), builder => builder.AddEngine());
        await app.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        using var feed = new ClientWebSocket();
        await feed.ConnectAsync(new Uri(app.Urls.First().Replace("http", "ws") + "/ws/agents"), CancellationToken.None);
        foreach (var round in new[] { 1, 2 })
        {
            // What follows a batch is sent after the batch was timed.
            Assert.Equal(HttpStatusCode.OK, await PostAsync(client, $$"""{"match_id":"m","round":{{round}}}"""));
            await CompletedAsync(feed);
        }
        Assert.Equal(HttpStatusCode.BadRequest, await PostAsync(client, "{"));

        using var answer = await client.GetAsync("/metrics");
        var text = await answer.Content.ReadAsStringAsync();

        Assert.Equal("text/plain", answer.Content.Headers.ContentType!.MediaType);
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        PrometheusText.Parse(text);
        // Other tests of this process are counted too, so a number is at least this test's own.
        Assert.Equal(2, Value(lines, $"agentgrid_run_duration_seconds_count{{plan=\"{plan}\",status=\"completed\"}}"));
        Assert.Equal(2, Value(lines, $"agentgrid_run_duration_seconds_bucket{{plan=\"{plan}\",status=\"completed\",le=\"+Inf\"}}"));
        Assert.True(Value(lines, "agentgrid_runs_accepted_total") >= 1);
        Assert.True(Value(lines, "agentgrid_attempt_duration_seconds_count{agent=\"echo\",outcome=\"succeeded\"}") >= 1);
        Assert.True(Value(lines, "agentgrid_attempt_queue_wait_seconds_count{agent=\"echo\"}") >= 1);
        Assert.True(Value(lines, "agentgrid_journal_commit_events_count") >= 1);
        Assert.True(Value(lines, "agentgrid_api_feed_lag_seconds_count") >= 1);
        Assert.Contains(lines, line => line.StartsWith("agentgrid_api_refused_total{code=", StringComparison.Ordinal)
            && line.Contains("status=\"400\"", StringComparison.Ordinal));
        Assert.True(Value(lines, "agentgrid_slots_limit{agent=\"echo\",queue=\"general\"}") >= 1);
        AssertOthersAgree(lines);
        feed.Abort(); // the server would wait for its farewell
        await app.StopAsync();
    }

    [Fact]
    public async Task Metrics_WhateverCallersSend_StayAsFewAndLegal()
    {
        // More than are kept of one metric.
        const int plans = 2_100;
        Write("config/plans/known.yaml", "plans:\n  known:\n    steps:\n      a: { agent: echo }\n");
        await using var app = ServerProgram.Build(Serve(), builder => builder.AddEngine());
        await app.StartAsync();
        var grid = app.Services.GetRequiredService<IAgentGrid>();
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        Assert.Equal(HttpStatusCode.OK, await PostAsync(client, """{"match_id":"m","round":1}"""));
        await RunInlineAsync(grid, "first", 0);
        var before = await ScrapeAsync(client);

        await Parallel.ForAsync(
            0, plans, async (number, _) => await RunInlineAsync(grid, $"{Guid.NewGuid():N}", number));
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync($"/api/v1/runs/{Guid.NewGuid():N}")).StatusCode);
        var after = await ScrapeAsync(client);

        // Refusals are counted by their code, of which there are as many as there are.
        Assert.Equal(
            before.Series.Keys.Order(StringComparer.Ordinal),
            after.Series.Keys.Where(s => !s.StartsWith("agentgrid_api_refused", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal));
        Assert.True(after.Values["agentgrid_run_duration_seconds_count{plan=\"inline\",status=\"completed\"}"] > plans);
        Assert.Equal(1, after.Values["agentgrid_run_duration_seconds_count{plan=\"known\",status=\"completed\"}"]);
        await app.StopAsync();
    }

    private static async Task RunInlineAsync(IAgentGrid grid, string name, int number)
    {
        var plan = Json.Parse($$"""{"name":"plan_{{name}}","steps":{"step_{{name}}":{"agent":"echo"} } }""");
        var submitted = await grid.SubmitAsync(new SubmitRun(
            new RunKey($"match {name}", $"{number}"), Json.EmptyObject)
        { InlinePlan = plan, Tenant = name });
        var run = Assert.IsType<SubmitResult.Accepted>(submitted).Run;
        await grid.WaitForEndAsync(run.RunId, TimeSpan.FromMinutes(1));
    }

    private static async Task<PrometheusText> ScrapeAsync(HttpClient client) =>
        PrometheusText.Parse(await client.GetStringAsync("/metrics"));

    // Every metric that dashboards, alerts and autoscalers ask for is one that the server has, and the guide has all.
    private static void AssertOthersAgree(string[] lines)
    {
        string[] askers =
        [
            "deploy/grafana/agent-grid.json", "deploy/kubernetes/monitoring/alerts.yaml",
            "deploy/kubernetes/autoscaling/hpa.yaml",
        ];
        // Only once something has happened, or is configured, that has not happened and is not here.
        string[] rare =
        [
            "agentgrid_attempt_retries_total", "agentgrid_onnx_batch_size", "agentgrid_onnx_queue_wait_seconds",
            "agentgrid_onnx_reloads_total", "agentgrid_onnx_run_duration_seconds", "agentgrid_runs_replayed_total",
            "agentgrid_signals_total", "agentgrid_starts_left",
        ];
        var series = lines.Where(l => l[0] != '#').Select(l => l.Split('{', ' ')[0]).ToHashSet();
        foreach (var asker in askers)
        {
            var asked = Metric().Matches(File.ReadAllText(PathOf(asker))).Select(m => m.Value).ToHashSet();
            Assert.True(asked.Count >= 2, asker);
            Assert.All(asked.Except(rare), metric => Assert.Contains(metric, series));
        }
        var metrics = lines.Where(l => l.StartsWith("# TYPE agentgrid_", StringComparison.Ordinal))
            .Select(l => l.Split(' ')[2]);
        var guide = GuideRow().Matches(File.ReadAllText(PathOf("docs/operations.md"))).Select(m => m.Groups[1].Value);
        Assert.Equal(metrics.Union(rare).Order(StringComparer.Ordinal), guide.Order(StringComparer.Ordinal));
    }

    private CommandLine.Serve Serve() => Assert.IsType<CommandLine.Serve>(ServerProgram.Parse(
    [
        "--urls", "http://127.0.0.1:0", "--data", Path.Combine(_folder.FullName, "data"),
        "--config", Path.Combine(_folder.FullName, "config"),
    ]));

    internal static string PathOf(string file)
    {
        var root = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(root.FullName, "Orleans.AgentGrid.sln")))
        {
            root = root.Parent ?? throw new InvalidOperationException("The repository's root was not found.");
        }
        return Path.Combine([root.FullName, .. file.Split('/')]);
    }

    private static async Task CompletedAsync(ClientWebSocket feed)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var buffer = new byte[16 * 1024];
        while (true)
        {
            var message = await feed.ReceiveAsync(buffer, patience.Token);
            if (Encoding.UTF8.GetString(buffer, 0, message.Count).Contains("\"stage\":\"completed\"", StringComparison.Ordinal))
            {
                return;
            }
        }
    }

    private static async Task<HttpStatusCode> PostAsync(HttpClient client, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await client.PostAsync("/api/v1/orchestrate?wait=30s", content);
        return answer.StatusCode;
    }

    private static double Value(string[] lines, string series) => double.Parse(
        lines.Single(line => line.StartsWith(series + " ", StringComparison.Ordinal)).Split(' ')[^1],
        CultureInfo.InvariantCulture);

    private void Write(string name, string text)
    {
        var path = Path.Combine(_folder.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    [GeneratedRegex("^\\| `(agentgrid_[a-z_]+)` \\|", RegexOptions.Multiline)]
    private static partial Regex GuideRow();

    [GeneratedRegex("agentgrid_[a-z_]+")]
    private static partial Regex Metric();
}
