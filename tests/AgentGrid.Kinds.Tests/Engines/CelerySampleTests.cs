using System.Diagnostics;
using System.Text.Json;
using AgentGrid.Kinds.Tests.Process;
using AgentGrid.TestKit;

namespace AgentGrid.Kinds.Tests.Engines;

/// <summary>samples/celery, moved over as docs/from-celery.md says.</summary>
[Collection(nameof(EmbeddedServer))]
public sealed class CelerySampleTests(EmbeddedServer grid)
{
    [Fact]
    public async Task Tasks_ThatAreListed_RunAsChainGroupAndChordWithRetriesAndLimits()
    {
        grid.Configure(
            await ListAsync(), await File.ReadAllTextAsync(Repository.PathOf("samples", "celery", "plans", "celery.yaml")));
        await grid.StartAsync();

        var run = await grid.EndAsync(await PostAsync(new
        {
            match_id = "celery",
            round = "chain",
            plan = "celery_chain",
            grid_snapshot = new { players = new[] { new { id = "p1", peek_events = new[] { 1 } }, new { id = "p2", peek_events = Array.Empty<int>() } } },
        }));
        Assert.Equal("completed", ProcessKindTests.Status(run));
        var result = run.GetProperty("result");
        Assert.Equal("""{"valid":true,"score":1.0,"frames":4}""", result.GetProperty("report").GetRawText());
        // autoretry_for: busy twice, and then it works.
        Assert.Equal(3, result.GetProperty("tries").GetInt32());
        await grid.SeenAsync(ProcessKindTests.Id(run), "motion:progress");

        using var mark = new TemporaryFile();
        var limited = await grid.EndAsync(await PostAsync(
            new { match_id = "celery", round = "limit", plan = "celery_limit", mark = mark.Path, grid_snapshot = new { } }));
        Assert.Equal("failed", ProcessKindTests.Status(limited));
        Assert.Equal("timeout", ProcessKindTests.Attempts(limited).Single().GetProperty("error").GetProperty("code").GetString());
        await Limits.UntilAsync(() => mark.Text == "cleaned up", () => "it did not clean up");
    }

    private async Task<string> PostAsync(object body)
    {
        using var content = new ByteArrayContent(Json.From(body).Utf8.ToArray());
        content.Headers.ContentType = new("application/json");
        using var answer = await grid.Server.Client.PostAsync("api/v1/orchestrate", content);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonElement.Parse(text).GetProperty("run_id").GetString()!;
    }

    private static async Task<string> ListAsync()
    {
        var start = new ProcessStartInfo("python3")
        {
            ArgumentList = { "-m", "agentgrid.list", "--working-directory", Repository.PathOf("samples", "celery"), "tasks" },
            RedirectStandardOutput = true,
        };
        start.Environment["PYTHONPATH"] = Repository.PathOf("python");
        using var list = System.Diagnostics.Process.Start(start)!;
        var yaml = await list.StandardOutput.ReadToEndAsync();
        await list.WaitForExitAsync();
        Assert.Equal(0, list.ExitCode);
        return yaml;
    }
}
