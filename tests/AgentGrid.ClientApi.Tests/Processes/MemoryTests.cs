using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace AgentGrid.ClientApi.Tests.Processes;

/// <summary>A server that has little memory, and is posted much.</summary>
public sealed class MemoryTests : IDisposable
{
    private const int Posts = 60;
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("agentgrid-memory-");

    public void Dispose() => _data.Delete(recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    public async Task Post_MoreThanThereIsMemoryFor_IsRefusedWhileTheRestGoesOn(int clients)
    {
        await using var server = await StartAsync(("AgentGrid__Artifacts__ValuesFromBytes", "0"));
        var answers = await PostAsync(server, clients);

        var accepted = answers.Count(a => a.StatusCode == HttpStatusCode.Accepted);
        var refused = answers.Where(a => a.StatusCode == HttpStatusCode.TooManyRequests).ToList();
        Assert.Equal(Posts, accepted + refused.Count);
        Assert.NotEqual(0, accepted);
        Assert.NotEmpty(refused);
        Assert.All(refused, r => Assert.NotNull(r.Headers.RetryAfter));
        var health = JsonElement.Parse(await server.Client.GetStringAsync("health"));
        Assert.Equal("degraded", health.GetProperty("status").GetString());
        Assert.Equal(accepted, health.GetProperty("active_runs").GetInt32());
        Assert.DoesNotContain("OutOfMemory", server.Output, StringComparison.Ordinal);
        answers.ForEach(a => a.Dispose());
    }

    // 256 MB, which is about what is posted.
    private Task<GridProcess> StartAsync(params (string Name, string Value)[] settings) => GridProcess.StartServerAsync(
        _data.FullName,
        settings.Append(("DOTNET_GCHeapHardLimit", "0x10000000")).ToDictionary(static s => s.Item1, static s => s.Item2));

    private static async Task<List<HttpResponseMessage>> PostAsync(GridProcess server, int clients)
    {
        var answers = new List<HttpResponseMessage>();
        foreach (var numbers in Enumerable.Range(0, Posts).Chunk(clients))
        {
            answers.AddRange(await Task.WhenAll(numbers.Select(n => PostRunAsync(server, n))));
        }
        return answers;
    }

    private static async Task<HttpResponseMessage> PostRunAsync(GridProcess server, int number)
    {
        using var content = new StringContent(
            $$"""
            {"match_id": "m{{number}}", "round": "1", "blob": "{{new string('x', 3_900_000)}}",
             "plan": {"steps": {"only": {"agent": "delay", "input": {"ms": 600000} } } } }
            """,
            new MediaTypeHeaderValue("application/json"));
        return await server.Client.PostAsync("api/v1/orchestrate", content);
    }
}
