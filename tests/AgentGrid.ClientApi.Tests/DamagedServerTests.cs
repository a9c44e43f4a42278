using System.Net;
using AgentGrid.Api.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AgentGrid.ClientApi.Tests;

/// <summary>The whole program over a journal with a damaged record.</summary>
public sealed class DamagedServerTests : IDisposable
{
    private const string Body = """
        {"match_id": "m", "round": "1", "input": {"text": "as it was"}, "plan": {"steps": {"a": {"agent": "echo"}}}}
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentgrid-damaged-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task DamagedRun_IsRefusedByNameUntilARecoveryDropsIt()
    {
        var run = await WithServerAsync([], async http =>
        {
            using var posted = await PostAsync(http);
            Assert.Equal(HttpStatusCode.OK, posted.StatusCode);
            return (await posted.JsonAsync()).Text("run_id");
        });
        Damage();

        await WithServerAsync([], async http =>
        {
            foreach (var path in new[] { $"/api/v1/runs/{run}", $"/api/v1/runs/{run}/steps/a/output" })
            {
                using var got = await http.GetAsync(path);
                await AssertDamagedAsync(got);
            }
            var events = await http.GetStringAsync($"/api/v1/runs/{run}/events");
            Assert.Contains("\"damaged\"", events, StringComparison.Ordinal);
            Assert.Contains("does not match its checksum, event 1", events, StringComparison.Ordinal);
            using var posted = await PostAsync(http);
            await AssertDamagedAsync(posted);
            using var other = await PostAsync(http, Body.Replace("\"m\"", "\"other\"", StringComparison.Ordinal));
            Assert.Equal(HttpStatusCode.OK, other.StatusCode);
            return run;
        });
        var log = new LogLines(LogLevel.Warning);
        await WithServerAsync(["--recover"], async http =>
        {
            using var got = await http.GetAsync($"/api/v1/runs/{run}");
            Assert.Equal(HttpStatusCode.NotFound, got.StatusCode);
            using var other = await PostAsync(http, Body.Replace("\"m\"", "\"other\"", StringComparison.Ordinal));
            Assert.True((await other.JsonAsync()).GetProperty("replayed").GetBoolean());
            using var again = await PostAsync(http);
            Assert.Equal(HttpStatusCode.OK, again.StatusCode);
            return run;
        }, log);
        Assert.Contains(log.Lines, l => l.ToString().Contains($"run {run} ('m/1')", StringComparison.Ordinal));
        Assert.Single(_folder.GetFiles("agentgrid.db.damaged-*"), f => f.Extension != ".txt");
    }

    private static Task<HttpResponseMessage> PostAsync(HttpClient http, string body = Body) => http.PostAsync(
        "/api/v1/orchestrate?wait=20s", new StringContent(body, null, "application/json"));

    private static async Task AssertDamagedAsync(HttpResponseMessage response)
    {
        var problem = await response.JsonAsync();
        Assert.Equal((HttpStatusCode.InternalServerError, "AG2053"), (response.StatusCode, problem.Text("code")));
        Assert.Contains("does not match its checksum, event 1", problem.Text("detail"), StringComparison.Ordinal);
        Assert.Contains("--recover", problem.Text("detail"), StringComparison.Ordinal);
    }

    private void Damage()
    {
        using var connection = new SqliteConnection(
            $"Data Source={Path.Combine(_folder.FullName, "agentgrid.db")};Pooling=false");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = """
            UPDATE journal SET events = CAST(replace(CAST(events AS TEXT), 'as it was', 'as it was not') AS BLOB)
            WHERE last_seq = 1
            """;
        Assert.Equal(1, command.ExecuteNonQuery());
    }

    private async Task<string> WithServerAsync(string[] args, Func<HttpClient, Task<string>> use, LogLines? log = null)
    {
        var line = (CommandLine.Serve)ServerProgram.Parse(["--urls", "http://127.0.0.1:0", "--data", _folder.FullName, .. args]);
        await using var app = ServerProgram.Build(line, builder =>
        {
            builder.AddEngine();
            builder.Logging.ClearProviders().AddProvider(log ?? new LogLines());
        });
        await app.StartAsync();
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        using var http = new HttpClient { BaseAddress = new Uri(address) };
        var result = await use(http);
        await app.StopAsync();
        return result;
    }
}
