using System.Diagnostics;
using AgentGrid.Api.Hosting;
using AgentGrid.Api.Security;
using AgentGrid.Api.Settings;
using AgentGrid.Core.Grid;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace AgentGrid.ClientApi.Tests;

public sealed class HostingTests
{
    [Theory]
    [InlineData("http://127.0.0.1:8000", true)]
    [InlineData("http://127.5.5.5:0", true)]
    [InlineData("http://localhost:8000", true)]
    [InlineData("http://LOCALHOST", true)]
    [InlineData("http://[::1]:8000", true)]
    [InlineData("http://unix:/tmp/grid.sock", true)]
    [InlineData("http://0.0.0.0:8000", false)]
    [InlineData("http://*:8000", false)]
    [InlineData("http://+:8000", false)]
    [InlineData("http://[::]:8000", false)]
    [InlineData("http://192.168.1.4:8000", false)]
    [InlineData("http://grid.example:8000", false)]
    [InlineData("http://localhost.example:8000", false)]
    public void IsLoopback_EveryKindOfAddress_IsJudged(string url, bool loopback) =>
        Assert.Equal(loopback, ListenAddresses.IsLoopback(url));

    [Theory]
    [InlineData("--urls=http://0.0.0.0:0")]
    [InlineData("--urls=http://127.0.0.1:0;http://*:0")]
    [InlineData("--Kestrel:Endpoints:Main:Url=http://[::]:0")]
    public void Build_OpenAddressWithoutKey_Refuses(string arg)
    {
        var refused = Assert.Throws<StartupRefusedException>(() => Build(arg));

        Assert.Contains("--api-key-hash", refused.Message);
    }

    [Theory]
    [InlineData("--insecure")]
    [InlineData("--api-key-hash=sha256:0000000000000000000000000000000000000000000000000000000000000000")]
    public async Task Build_OpenAddressWithKeyOrConsent_Starts(string arg)
    {
        await using var app = Build("--urls=http://0.0.0.0:0", arg);

        await app.StartAsync();
        await app.StopAsync();
    }

    [Theory]
    [InlineData("--AgentGrid:MaxBodyBytes=1", "MaxBodyBytes")]
    [InlineData("--AgentGrid:WebSocketSendTimeout=00:00:00", "WebSocketSendTimeout")]
    [InlineData("--AgentGrid:KeepAlive=30", "write 30s")]
    [InlineData("--api-key-hash=md5:1", "new-key")]
    public void Build_BadOption_SaysWhatIsExpected(string arg, string expected) =>
        Assert.Contains(expected, Assert.Throws<StartupRefusedException>(() => Build(arg)).Message);

    [Theory]
    [InlineData("--url", "--urls")]
    [InlineData("--unsecure", "--insecure")]
    [InlineData("--dta=x", "--data")]
    [InlineData("--AgentGrid:MaxBodyByte=1", "--AgentGrid:MaxBodyBytes")]
    [InlineData("new-keys", "new-key")]
    public void Parse_UnknownOption_SuggestsTheNearest(string arg, string suggestion)
    {
        var mistake = Assert.IsType<CommandLine.Mistake>(ServerProgram.Parse([arg]));

        Assert.Contains($"did you mean '{suggestion}'?", mistake.Message);
    }

    [Theory]
    [InlineData("--data")]
    [InlineData("--data=")]
    [InlineData("--data", "--insecure")]
    [InlineData("--insecure=maybe")]
    [InlineData("somewhere")]
    [InlineData("hash-key")]
    public void Parse_Incomplete_IsAMistake(params string[] args) =>
        Assert.IsType<CommandLine.Mistake>(ServerProgram.Parse(args));

    [Fact]
    public void Parse_EveryOption_BecomesASetting()
    {
        var serve = Assert.IsType<CommandLine.Serve>(ServerProgram.Parse([
            "--urls", "http://127.0.0.1:1", "--data=/d", "--config", "/c", "--insecure", "--recover", "--environment", "Test",
            "--api-key-hash", "h1", "--api-key-hash", "h2", "--AgentGrid:Retention", "01:00:00",
            "--Logging:LogLevel:Default=Debug"]));

        var settings = new ConfigurationBuilder().Add(new PlacedSettings(serve.Settings)).Build();
        Assert.Equal("http://127.0.0.1:1", settings["urls"]);
        Assert.Equal("/d", settings["AgentGrid:Data"]);
        Assert.Equal("/c", settings["AgentGrid:Config"]);
        Assert.Equal("true", settings["AgentGrid:Insecure"]);
        Assert.Equal("true", settings["AgentGrid:Recover"]);
        Assert.Equal("01:00:00", settings["AgentGrid:Retention"]);
        Assert.Equal("Debug", settings["Logging:LogLevel:Default"]);
        Assert.Equal(["h1", "h2"], settings.GetSection("AgentGrid:ApiKeys").GetChildren().Select(k => k["Hash"]));
        Assert.Equal("Test", serve.Environment);
    }

    [Fact]
    public void Parse_HashKey_PrintsTheHashOfTheKey() => Assert.Equal(
        "sha256:2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683",
        Assert.IsType<CommandLine.Print>(ServerProgram.Parse(["hash-key", "key"])).Text);

    [Fact]
    public void Parse_Help_ListsTheOptions() =>
        Assert.Contains("--insecure", Assert.IsType<CommandLine.Print>(ServerProgram.Parse(["--help"])).Text);

    [Fact]
    public void Environment_Variables_AreOptions()
    {
        var settings = EnvironmentSettings.Read(new Dictionary<string, string>
        {
            ["AGENTGRID_MAX_BODY_BYTES"] = "5000",
            ["AGENTGRID_API_KEYS__0__HASH"] = "h",
            ["AGENTGRID_API_KEY_HASH"] = "h2",
            ["AGENTGRID_URLS"] = "http://127.0.0.1:2",
            ["OTHER"] = "x",
        }).Settings;

        var configuration = new ConfigurationBuilder().Add(new PlacedSettings(settings)).Build();
        Assert.Equal("5000", configuration["AgentGrid:MaxBodyBytes"]);
        Assert.Equal("h", configuration["AgentGrid:ApiKeys:0:Hash"]);
        Assert.Equal("h2", configuration["AgentGrid:ApiKeys:environment:Hash"]);
        Assert.Equal("http://127.0.0.1:2", configuration["urls"]);
        Assert.Equal(5, configuration.AsEnumerable().Count(s => s.Value is not null));
    }

    [Theory]
    [InlineData(2, "--url", "did you mean '--urls'?")]
    [InlineData(1, "--urls=http://0.0.0.0:0", "no API key is configured")]
    [InlineData(2, "--AgentGrid:MaxBodyBytes=1", "from 1024 to")]
    public async Task Program_MustNotStart_ExitsWithAReason(int code, string arg, string reason)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardError = true };
        start.ArgumentList.Add(typeof(EmbeddedComposition).Assembly.Location);
        start.ArgumentList.Add(arg);
        using var program = Process.Start(start)!;
        var error = await program.StandardError.ReadToEndAsync();
        await program.WaitForExitAsync();

        Assert.Equal(code, program.ExitCode);
        Assert.Contains(reason, error);
    }

    [Fact]
    public void ListenAddresses_Precedence_IsKestrels()
    {
        Assert.Equal(["http://a:1"], Of(("Kestrel:Endpoints:X:Url", "http://a:1"), ("urls", "http://b:1")));
        Assert.Equal(["http://b:1", "http://c:1"], Of(("urls", "http://b:1; http://c:1"), ("http_ports", "80")));
        Assert.Equal(["http://*:80", "https://*:443"], Of(("http_ports", "80"), ("https_ports", "443")));
        Assert.Empty(Of());
    }

    private static IReadOnlyList<string> Of(params (string Key, string Value)[] settings) => ListenAddresses.Of(
        new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value))).Build());

    private static Microsoft.AspNetCore.Builder.WebApplication Build(params string[] args) => ServerProgram.Build(
        (CommandLine.Serve)ServerProgram.Parse(args), b => b.Services.AddSingleton<IAgentGrid>(new FakeGrid()));
}
