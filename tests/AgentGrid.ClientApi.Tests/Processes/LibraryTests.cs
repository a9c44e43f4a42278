using System.Net.Http.Headers;
using System.Text.Json;

namespace AgentGrid.ClientApi.Tests.Processes;

/// <summary>The built server with a library of agents that has packages, native ones among them, and services of its own.</summary>
public sealed class LibraryTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task Server_WithALibrary_RunsItsAgentsWithTheirPackagesAndServices()
    {
        await using var server = GridProcess.LaunchServer(
            _scratch.Folder,
            ["--urls", "http://127.0.0.1:0", "--data", _scratch.Folder, "--agents", CaptionsLibrary.Dll],
            new Dictionary<string, string> { ["Captions__Secret"] = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" });
        await server.ReadyAsync();
        using var content = new StringContent(
            """
            {
              "match_id": "m", "round": "r", "caption": "a keeper",
              "plan": { "steps": { "signed": { "capability": "signing" }, "stored": { "capability": "storing" } } }
            }
            """,
            new MediaTypeHeaderValue("application/json"));

        using var response = await server.Client.PostAsync("api/v1/orchestrate?wait=30s", content);

        var run = JsonElement.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal("completed", run.GetProperty("status").GetString());
        var (signed, stored) = (run.GetProperty("result").GetProperty("signed"), run.GetProperty("result").GetProperty("stored"));
        Assert.StartsWith("v1,", signed.GetProperty("text").GetString());
        Assert.Equal("A KEEPER", stored.GetProperty("text").GetString());
        // The program has this package too, perhaps in another version.
        Assert.Equal(
            Path.Combine(Path.GetDirectoryName(CaptionsLibrary.Dll)!, "Microsoft.Data.Sqlite.dll"),
            stored.GetProperty("package").GetString());
        Assert.Contains("It signs 'a keeper'", server.Output);
    }

    [Fact]
    public async Task Server_WithALibraryThatLacksAPackage_SaysSoAndEnds()
    {
        var copy = CaptionsLibrary.CopyTo(_scratch.Folder, "StandardWebhooks.dll");
        await using var server = GridProcess.LaunchServer(
            _scratch.Folder, ["--urls", "http://127.0.0.1:0", "--data", _scratch.Folder, "--agents", copy]);

        Assert.Equal(1, await server.ExitCodeAsync());

        await server.ExitsSayingAsync("It refers to StandardWebhooks (package StandardWebhooks 1.1.2)");
    }
}
