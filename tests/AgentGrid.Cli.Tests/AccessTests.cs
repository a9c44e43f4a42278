using System.Text.Json;
using AgentGrid.Api;
using AgentGrid.Api.Security;
using AgentGrid.Cli.Tests.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Cli.Tests;

/// <summary>Servers that are not there, or that do not let everybody in.</summary>
public sealed class AccessTests
{
    [Theory]
    [InlineData("runs")]
    [InlineData("watch")]
    [InlineData("show", "a/b")]
    [InlineData("watch", "--after", "0")]
    [InlineData("bench", "--time", "10ms")]
    public async Task Server_NotThere_ExitsWithThree(params string[] args)
    {
        using var nobody = new ClosedPort();
        var url = $"http://127.0.0.1:{nobody.Port}";

        var result = await new Tool(null).RunAsync([.. args, "--server", url]);
        var json = await new Tool(null).RunAsync([.. args, "--server", url, "--json"]);

        Assert.Equal((ExitCode.Unreachable, ExitCode.Unreachable), (result.Exit, json.Exit));
        Assert.Contains($"The server at {url}/ does not answer", result.Error);
        Assert.Contains("AGENTGRID_SERVER", result.Error);
        var error = JsonElement.Parse(json.Error).GetProperty("error");
        Assert.Equal(ExitCode.Unreachable, error.GetProperty("exit_code").GetInt32());
    }

    [Fact]
    public async Task Key_FromOptionOrEnvironment_OpensTheDoor()
    {
        await using var host = new GridHost
        {
            Api = o => o.ApiKeys.Add(new ApiKeyOptions { Name = "me", Hash = KeyHash.Of("secret") }),
        };
        await host.InitializeAsync();
        var byVariable = host.Tool();
        byVariable.Variables["AGENTGRID_API_KEY"] = "secret";

        Assert.Equal(ExitCode.Ok, (await byVariable.RunAsync("agents")).Exit);
        Assert.Equal(ExitCode.Ok, (await host.Tool().RunAsync("agents", "--api-key", "secret")).Exit);
        var watching = byVariable.Start("watch", "--after", "0");
        Assert.Equal(ExitCode.Ok, (await Posted(byVariable).RunAsync("run", "-", "--plan", "tactical_motion")).Exit);
        await watching.PrintedAsync("orchestration:accepted");
        await watching.InterruptAsync();
        var posted = (await byVariable.RunAsync("runs", "--json")).Json.GetProperty("runs")[0];
        var shown = await byVariable.RunAsync("show", posted.GetProperty("run_id").GetString()!);
        Assert.Contains("posted by me\n", shown.Out);
        var without = await host.Tool().RunAsync("agents");
        Assert.Equal(ExitCode.Refused, without.Exit);
        Assert.Contains("AG2040", without.Error);
        var wrong = await host.Tool().RunAsync("watch", "--after", "0", "--api-key", "wrong");
        Assert.Equal(ExitCode.Refused, wrong.Exit);
        Assert.Contains("AG2040", wrong.Error);
    }

    // Secrets and addresses come out of files, with the end of their line.
    [Theory]
    [InlineData("{0}\n", "secret\n")]
    [InlineData("  {0}/ ", "\tsecret \r\n")]
    public async Task ServerAndKey_BlanksAround_AreLeftOut(string server, string key)
    {
        await using var host = new GridHost
        {
            Api = o => o.ApiKeys.Add(new ApiKeyOptions { Name = "me", Hash = KeyHash.Of("secret") }),
        };
        await host.InitializeAsync();
        server = string.Format(null, server, host.Url);
        var byVariable = new Tool(null) { Variables = { ["AGENTGRID_SERVER"] = server, ["AGENTGRID_API_KEY"] = key } };

        Assert.Equal(ExitCode.Ok, (await byVariable.RunAsync("agents")).Exit);
        Assert.Equal(ExitCode.Ok, (await new Tool(null).RunAsync("agents", "--server", server, "--api-key", key)).Exit);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \n")]
    public async Task Variable_OfBlanksAlone_CountsAsNotSet(string blank)
    {
        await using var host = new GridHost();
        await host.InitializeAsync();
        var tool = host.Tool();
        tool.Variables["AGENTGRID_API_KEY"] = blank;

        Assert.Equal(ExitCode.Ok, (await tool.RunAsync("agents")).Exit);
    }

    [Fact]
    public async Task Variables_FromFiles_AreTakenWithoutTheBlanksAround()
    {
        await using var host = new GridHost
        {
            Api = o => o.ApiKeys.Add(new ApiKeyOptions { Name = "me", Hash = KeyHash.Of("secret") }),
        };
        await host.InitializeAsync();
        var tool = new Tool(null)
        {
            Variables = { ["AGENTGRID_SERVER"] = $" {host.Url}\n", ["AGENTGRID_API_KEY"] = "secret\r\n" },
        };

        Assert.Equal(ExitCode.Ok, (await tool.RunAsync("agents")).Exit);
        Assert.Equal(ExitCode.Ok, (await host.Tool().RunAsync("agents", "--api-key", " secret\n")).Exit);
    }

    [Theory]
    [InlineData("AGENTGRID_SERVR", "AGENTGRID_SERVER")]
    [InlineData("AGENTGRID_SERVERS", "AGENTGRID_SERVER")]
    [InlineData("AGENT_GRID_SERVER", "AGENTGRID_SERVER")]
    [InlineData("AGENTGRID_APIKEY", "AGENTGRID_API_KEY")]
    [InlineData("AGENTGRID_API_KEYS", "AGENTGRID_API_KEY")]
    public async Task Variable_Misspelt_IsAMistake(string misspelt, string meant)
    {
        using var nobody = new ClosedPort();
        var tool = new Tool(null) { Variables = { [misspelt] = $"http://127.0.0.1:{nobody.Port}" } };

        var result = await tool.RunAsync("agents");
        var json = await tool.RunAsync("agents", "--json");

        Assert.Equal((ExitCode.Usage, ExitCode.Usage), (result.Exit, json.Exit));
        Assert.Contains($"{misspelt} is not a known variable, did you mean {meant}?", result.Error);
        Assert.Contains(meant, JsonElement.Parse(json.Error).GetProperty("error").GetProperty("message").GetString());
    }

    [Theory]
    [InlineData("AGENTGRID_SERVER_PORT", "tcp://10.0.0.7:80")]
    [InlineData("AGENTGRID_API_KEY_HASH", "sha256:0")]
    [InlineData("AGENTGRID_DATA", "/data")]
    public async Task Variable_OfOthers_IsPassedOver(string variable, string value)
    {
        using var nobody = new ClosedPort();
        var tool = new Tool($"http://127.0.0.1:{nobody.Port}") { Variables = { [variable] = value } };

        Assert.Equal(ExitCode.Unreachable, (await tool.RunAsync("agents")).Exit);
    }

    [Theory]
    [InlineData("--api-key")]
    [InlineData("--server")]
    public async Task Option_Empty_IsAMistake(string option)
    {
        var result = await new Tool(null).RunAsync("agents", option, " ");

        Assert.Equal(ExitCode.Usage, result.Exit);
        Assert.Contains($"{option} is empty", result.Error);
    }

    [Fact]
    public async Task Server_Overloaded_SaysWhenToTryAgain()
    {
        await using var host = new GridHost { MaxQueuedRuns = 0, MaxActiveRuns = 1 };
        await host.InitializeAsync();
        using var scratch = new Scratch();
        var plan = scratch.Write("held.yaml", "steps: { only: { agent: hold } }\n");
        var first = new Tool(host.Url) { Input = "{}" }.Start(
            "run", "-", "--match", "full", "--round", "1", "--plan", plan, "--wait");
        await first.PrintedAsync("half way");

        var result = await new Tool(host.Url) { Input = "{}" }.RunAsync(
            "run", "-", "--match", "full", "--round", "2", "--plan", plan);

        Assert.Equal(ExitCode.Refused, result.Exit);
        Assert.Contains("AG2050", result.Error);
        Assert.Matches("Try again in [0-9]+ s", result.Error);
        HoldAgent.Release("full");
        await first.Ended;
    }

    [Fact]
    public async Task Server_ThatIsSomethingElse_IsNotTakenForAGrid()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var other = builder.Build();
        other.MapFallback(() => Results.Text("<html>", "text/html"));
        await other.StartAsync();

        var result = await new Tool(other.Urls.First()).RunAsync("agents");

        Assert.Equal(ExitCode.Unreachable, result.Exit);
        Assert.Contains("is not Agent Grid", result.Error);
    }

    // A proxy whose server is away; and one that answers for something that speaks another JSON.
    [Theory]
    [InlineData(502, "text/html", "<html>", ExitCode.Unreachable, "answered 502 without saying why")]
    [InlineData(404, "text/html", "<html>", ExitCode.Refused, "answered 404 without saying why")]
    [InlineData(404, "application/problem+json", "oh", ExitCode.Unreachable, "is not Agent Grid")]
    [InlineData(200, "application/json", "{}", ExitCode.Mistake, "an answer from a server of another version")]
    [InlineData(200, "application/json", "[1]", ExitCode.Unreachable, "is not Agent Grid")]
    [InlineData(200, "application/json", "{\"agents\":7}", ExitCode.Unreachable, "is not Agent Grid")]
    public async Task Answer_ThatNoGridGives_HasAnExitCodeAndASentence(
        int status, string type, string body, int exit, string message)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var other = builder.Build();
        other.MapFallback(() => Results.Text(body, type, statusCode: status));
        await other.StartAsync();

        var result = await new Tool(other.Urls.First()).RunAsync("agents");

        Assert.Equal((exit, ""), (result.Exit, result.Out));
        Assert.Contains(message, result.Error);
        Assert.DoesNotContain("   at ", result.Error);
    }

    private static Tool Posted(Tool tool)
    {
        var posting = new Tool(null) { Input = """{"match_id":"keyed","round":"1","grid_snapshot":{"players":[]}}""" };
        foreach (var (name, value) in tool.Variables)
        {
            posting.Variables[name] = value;
        }
        return posting;
    }
}
