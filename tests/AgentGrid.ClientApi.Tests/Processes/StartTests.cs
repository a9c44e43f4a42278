using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using AgentGrid.Api.Security;

namespace AgentGrid.ClientApi.Tests.Processes;

/// <summary>
/// What the built server makes of what it is told: it starts and says what counts, or says why it does not.
/// </summary>
public sealed class StartTests : IDisposable
{
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("agentgrid-start-");

    public void Dispose() => _data.Delete(recursive: true);

    [Theory]
    [InlineData("AGENTGRID_API_KEY_HSAH", "x", "Did you mean AGENTGRID_API_KEY_HASH?")]
    [InlineData("AGENTGRID_API_KEY", "x", "AGENTGRID_API_KEY_HASH")]
    [InlineData("AgentGrid__ApiKey", "x", "Did you mean AGENTGRID_API_KEYS?")]
    [InlineData("AgentGrid__ApiKeys__0__Scope__0", "read", "did you mean 'Scopes'?")]
    [InlineData("ASPNETCORE_AgentGrid__ApiKey", "x", "ASPNETCORE_AgentGrid__ApiKey: ")]
    [InlineData("Logging__LogLevle__Default", "Debug", "did you mean 'LogLevel'?")]
    public async Task Variable_NotUnderstood_EndsTheStartWithASentence(string variable, string value, string reason)
    {
        await using var server = GridProcess.LaunchServer(
            _data.FullName, variables: new Dictionary<string, string> { [variable] = value });

        Assert.Equal(2, await server.ExitCodeAsync());

        await server.ExitsSayingAsync(reason);
        AssertNoStack(server);
        Assert.Empty(_data.GetFiles());
    }

    [Theory]
    [InlineData(
        """{ "AgentGrid": { "ApiKeys": [ { "Name": "a", "Hash": "x", "Scopes": "read" } ] } }""",
        "AgentGrid:ApiKeys:0:Scopes in appsettings.")]
    [InlineData("""{ "AgentGrid": { "ApiKeys": [ } }""", "LineNumber: 0")]
    public async Task File_NotUnderstood_EndsTheStartWithASentence(string json, string reason)
    {
        using var file = new SettingsFile(json);
        await using var server = GridProcess.LaunchServer(
            _data.FullName, ["--urls", "http://127.0.0.1:0", "--environment", file.Environment]);

        Assert.Equal(2, await server.ExitCodeAsync());

        await server.ExitsSayingAsync(reason);
        AssertNoStack(server);
    }

    [Fact]
    public async Task Environment_WithoutItsFile_EndsTheStart()
    {
        await using var server = GridProcess.LaunchServer(
            _data.FullName, ["--urls", "http://127.0.0.1:0", "--environment", "Nowhere"]);

        Assert.Equal(2, await server.ExitCodeAsync());
        await server.ExitsSayingAsync("appsettings.Nowhere.json, which does not exist");
    }

    [Fact]
    public async Task Environment_InOtherCapitalLettersThanItsFile_EndsTheStart()
    {
        using var file = new SettingsFile("{}");
        var variables = new Dictionary<string, string>
        {
            ["ASPNETCORE_ENVIRONMENT"] = file.Environment.ToUpperInvariant(),
        };
        await using var server = GridProcess.LaunchServer(_data.FullName, variables: variables);

        Assert.Equal(2, await server.ExitCodeAsync());
        await server.ExitsSayingAsync($"appsettings.{file.Environment}.json differs in upper and lower case");
    }

    [Fact]
    public async Task Port_Taken_EndsTheStartWithASentence()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var url = $"http://127.0.0.1:{((IPEndPoint)taken.LocalEndpoint).Port}";
        await using var server = GridProcess.LaunchServer(_data.FullName, ["--urls", url]);

        Assert.Equal(1, await server.ExitCodeAsync());

        await server.ExitsSayingAsync($"Failed to bind to address {url}: address already in use.");
        AssertNoStack(server);
    }

    [Theory]
    [InlineData("port")]
    [InlineData("key")]
    public async Task Start_ThatCannotServe_TouchesNoRun(string hindrance)
    {
        string run;
        await using (var server = await GridProcess.StartServerAsync(_data.FullName))
        {
            using var content = new StringContent(
                """{"match_id": "m", "round": "r", "ms": 2000, "plan": {"steps": {"only": {"agent": "delay"}}}}""",
                new MediaTypeHeaderValue("application/json"));
            using var response = await server.Client.PostAsync("api/v1/orchestrate", content);
            var answer = JsonElement.Parse(await response.Content.ReadAsStringAsync());
            run = $"api/v1/runs/{answer.GetProperty("run_id").GetString()}";
            await server.EventuallyAsync(
                async () => (await server.Client.GetStringAsync(run)).Contains("\"running\"", StringComparison.Ordinal),
                "the run never ran");
            await server.KillAsync();
        }

        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var (args, variables, reason) = Hinder(hindrance, ((IPEndPoint)taken.LocalEndpoint).Port);
        for (var start = 0; start < 2; start++)
        {
            await using var server = GridProcess.LaunchServer(_data.FullName, [.. args, "--data", _data.FullName], variables);
            Assert.Equal(1, await server.ExitCodeAsync());
            await server.ExitsSayingAsync(reason);
            Assert.DoesNotContain("Resumed", server.Output, StringComparison.Ordinal);
            AssertNoStack(server);
        }

        await using var last = await GridProcess.StartServerAsync(_data.FullName);
        await last.EventuallyAsync(
            async () => (await last.Client.GetStringAsync(run)).Contains("\"completed\"", StringComparison.Ordinal),
            "the run never ended well");
        Assert.Contains("\"losses\":1", await last.Client.GetStringAsync(run), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Address_OfAnotherMachine_EndsTheStartWithASentence()
    {
        // RFC 5737: an address that nobody has.
        await using var server = GridProcess.LaunchServer(
            _data.FullName, ["--urls", "http://192.0.2.1:8000", "--insecure"]);

        Assert.Equal(1, await server.ExitCodeAsync());

        await server.ExitsSayingAsync("It cannot listen on http://192.0.2.1:8000.");
        AssertNoStack(server);
    }

    [Theory]
    [InlineData("--data", "agentgrid.db' cannot be written")]
    [InlineData("--config", "There is no configuration folder")]
    public async Task Folder_ThatCannotBe_EndsTheStartWithASentence(string option, string reason)
    {
        // A folder below a file can be made by nobody, not even by root.
        await File.WriteAllTextAsync(Path.Combine(_data.FullName, "file"), "");
        await using var server = GridProcess.LaunchServer(
            _data.FullName, ["--urls", "http://127.0.0.1:0", option, "file/folder"]);

        Assert.Equal(1, await server.ExitCodeAsync());

        await server.ExitsSayingAsync(reason);
        AssertNoStack(server);
    }

    [Fact]
    public async Task WhatCounts_IsSaidAtTheStart_WithoutSecrets()
    {
        var hash = KeyHash.Of("key");
        await using var server = await GridProcess.StartServerAsync(_data.FullName, new Dictionary<string, string>
        {
            ["AGENTGRID_RETENTION"] = "72:00:00",
            ["AGENTGRID_API_KEY_HASH"] = $"{hash}\n",
            ["AGENTGRID_MAX_BODY_BYTE"] = "1",
            ["ASPNETCORE_URL"] = "http://127.0.0.1:1",
            ["DOTNET_ENVIROMENT"] = "Nowhere",
            ["AGENTGRID_PORT"] = "tcp://10.0.0.7:80",
            ["AGENTGRID_SILO_PORT"] = "tcp://10.0.0.7:11111",
            ["AGENTGRID_SERVICE_HOST"] = "10.0.0.7",
        });
        using var anybody = await server.Client.GetAsync("api/v1/runs");
        server.Client.DefaultRequestHeaders.Add("X-Api-Key", "key");
        using var caller = await server.Client.GetAsync("api/v1/runs");

        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (anybody.StatusCode, caller.StatusCode));
        Assert.Contains("Retention 72h (AGENTGRID_RETENTION)", server.Output, StringComparison.Ordinal);
        Assert.Contains("API key 'environment' every scope (AGENTGRID_API_KEY_HASH)", server.Output);
        Assert.Contains("DrainTimeout 30s", server.Output, StringComparison.Ordinal);
        Assert.Contains("Did you mean AGENTGRID_MAX_BODY_BYTES?", server.Output, StringComparison.Ordinal);
        Assert.Contains("Did you mean ASPNETCORE_URLS?", server.Output, StringComparison.Ordinal);
        Assert.Contains("Did you mean DOTNET_ENVIRONMENT?", server.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("AGENTGRID_SILO_PORT", server.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(hash, server.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Simple")]
    [InlineData("Json")]
    public async Task LogLines_HaveTheirTimeInUtc(string format)
    {
        var before = DateTimeOffset.UtcNow.AddSeconds(-1);
        await using var server = await GridProcess.StartServerAsync(_data.FullName, new Dictionary<string, string>
        {
            ["AGENTGRID_LOG_FORMAT"] = format,
            ["TZ"] = "America/New_York",
        });

        var lines = server.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.NotEmpty(lines);
        Assert.All(lines, line =>
        {
            var time = format == "Json"
                ? JsonElement.Parse(line).GetProperty("Timestamp").GetString()!
                : line.Split(' ')[0];
            var at = DateTimeOffset.ParseExact(
                time, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
            Assert.InRange(at, before, DateTimeOffset.UtcNow);
        });
    }

    private (string[] Args, Dictionary<string, string> Variables, string Reason) Hinder(string hindrance, int takenPort)
    {
        const string https = "https://127.0.0.1:0";
        switch (hindrance)
        {
            case "port":
                return (["--urls", $"http://127.0.0.1:{takenPort}"], [], "address already in use");
            default:
                var broken = Path.Combine(_data.FullName, "broken.pem");
                File.WriteAllText(broken, "no certificate");
                return (
                    [],
                    new()
                    {
                        ["Kestrel__Endpoints__Web__Url"] = https,
                        ["Kestrel__Endpoints__Web__Certificate__Path"] = broken,
                        ["Kestrel__Endpoints__Web__Certificate__KeyPath"] = broken,
                    },
                    "Agent Grid cannot continue: ");
        }
    }

    private static void AssertNoStack(GridProcess server)
    {
        Assert.DoesNotContain("   at ", server.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", server.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("fail:", server.Output, StringComparison.Ordinal);
    }

    /// <summary>A file of settings beside the program, for an environment of its own.</summary>
    private sealed class SettingsFile : IDisposable
    {
        private readonly string _path;

        public SettingsFile(string json)
        {
            _path = Path.Combine(Path.GetDirectoryName(GridProcess.DllOf("client-api"))!, $"appsettings.{Environment}.json");
            File.WriteAllText(_path, json);
        }

        public string Environment { get; } = $"test-{Guid.NewGuid():N}";

        public void Dispose() => File.Delete(_path);
    }
}
