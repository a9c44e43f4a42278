using System.Text.Json;
using AgentGrid.Api.Hosting;
using AgentGrid.Api.Security;
using AgentGrid.Api.Settings;
using AgentGrid.Embedded;

namespace AgentGrid.ClientApi.Tests.Settings;

/// <summary>Everything else that a program is told.</summary>
public sealed class SettingsCheckTests
{
    [Fact]
    public void Check_Nothing_IsTheDefaults()
    {
        using var told = new Told();

        var check = told.Check();

        Assert.Empty(check.Unknown);
        Assert.DoesNotContain(check.InForce, s => s.Place is not null);
        Assert.Equivalent(new EmbeddedOptions(), told.Options().Engine);
        Assert.Equivalent(new ApiOptions(), told.Options().Api);
    }

    [Theory]
    [InlineData("AGENTGRID_MAX_BODY_BYTE", "AGENTGRID_MAX_BODY_BYTES")]
    [InlineData("AGENTGRID_RETENTON", "AGENTGRID_RETENTION")]
    [InlineData("AGENTGRID_URL", "AGENTGRID_URLS")]
    [InlineData("AGENTGRID_DRAIN_TIMOUT", "AGENTGRID_DRAIN_TIMEOUT")]
    [InlineData("AgentGrid__Retenton", "AGENTGRID_RETENTION")]
    [InlineData("AGENT_GRID_DATA", "AGENTGRID_DATA")]
    [InlineData("AGENTGRD_MAX_ACTIVE_RUNS", "AGENTGRID_MAX_ACTIVE_RUNS")]
    public void Variable_Unknown_IsAWarningWithTheNearest(string variable, string meant)
    {
        var warning = Assert.Single(Told.Check((variable, "1")).Unknown);

        Assert.StartsWith($"{variable}: ", warning, StringComparison.Ordinal);
        Assert.EndsWith($"Did you mean {meant}?", warning, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AGENTGRID_SOMETHING_ELSE")]
    [InlineData("AGENTGRID_KILL_ROUNDS")]
    public void Variable_LikeNone_IsAWarning(string variable) => Assert.Equal(
        [$"{variable}: there is no such setting, so it does nothing."], Told.Check((variable, "1")).Unknown);

    [Theory]
    [InlineData("AGENT_ID")]
    [InlineData("AGENTGRIDS")]
    [InlineData("PATH")]
    public void Variable_OfOthers_IsNotLookedAt(string variable) => Assert.Empty(Told.Check((variable, "1")).Unknown);

    [Fact]
    public void Section_WithUnknownNames_IsAWarningForEach()
    {
        var unknown = Told.Check("""{ "Retenton": "1h", "Reddis": { "Host": "a" }, "Data": "d" }""").Unknown;

        Assert.Equal(
            [
                "AgentGrid:Reddis in appsettings.json: there is no such setting, so it does nothing.",
                "AgentGrid:Retenton in appsettings.json: there is no such setting, so it does nothing. " +
                    "Did you mean Retention?",
            ], unknown.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("""{ "Retention": "72h" }""", "Retention in appsettings.json: it belongs in the section 'AgentGrid'")]
    [InlineData("""{ "Loging": { "LogLevel": { "Default": "Debug" } } }""", "did you mean 'Logging'?")]
    public void File_WithSomethingInTheWrongPlace_IsAWarning(string file, string warning)
    {
        using var told = new Told { Files = [file] };

        Assert.Contains(warning, Assert.Single(told.Check().Unknown), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "Data": { "Source": "of an agent" }, "Logger": {}, "Http": "x" }""")]
    public void File_WithSomethingOfOthers_IsNotLookedAt(string file)
    {
        using var told = new Told { Files = [file] };

        Assert.Empty(told.Check().Unknown);
    }

    [Theory]
    [InlineData("""{ "Kestral": { "Endpoints": { "A": { "Url": "https://*:443" } } } }""", "did you mean 'Kestrel'?")]
    [InlineData("""{ "Logging": { "LogLevl": { "Default": "Debug" } } }""", "Logging:LogLevl in appsettings.json")]
    public void File_WithAMisspeltSection_IsRefused(string file, string reason)
    {
        using var told = new Told { Files = [file] };

        Assert.Contains(reason, told.Refusal(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AGENTGRID_PORT", "tcp://10.0.0.7:80")]
    [InlineData("AGENTGRID_SERVICE_HOST", "10.0.0.7")]
    [InlineData("AGENTGRID_SERVICE_PORT", "80")]
    [InlineData("AGENTGRID_SERVICE_PORT_HTTP", "80")]
    [InlineData("AGENTGRID_PORT_8080_TCP", "tcp://10.0.0.7:8080")]
    [InlineData("AGENTGRID_PORT_8080_TCP_ADDR", "10.0.0.7")]
    [InlineData("AGENTGRID_PORT_8080_TCP_PORT", "8080")]
    [InlineData("AGENTGRID_PORT_8080_TCP_PROTO", "tcp")]
    [InlineData("AGENTGRID_PORT_53_UDP", "udp://10.0.0.7:53")]
    [InlineData("AGENTGRID_SILO_PORT", "tcp://10.0.0.7:11111")]
    [InlineData("AGENTGRID_SILO_SERVICE_HOST", "10.0.0.7")]
    [InlineData("AGENTGRID_SILO_SERVICE_PORT_SILO_PORT", "11111")]
    [InlineData("AGENTGRID_API_KEYS_PORT", "tcp://10.0.0.7:80")]
    [InlineData("AGENTGRID_API_KEYS_SERVICE_HOST", "10.0.0.7")]
    [InlineData("AGENTGRID_SERVER_PORT", "tcp://10.0.0.7:80")]
    public void Variable_OfKubernetes_IsPassedOver(string variable, string value)
    {
        var environment = EnvironmentSettings.Read(new Dictionary<string, string> { [variable] = value });

        Assert.Equal([variable], environment.OfKubernetes);
        Assert.Empty(environment.Settings);
        Assert.Empty(Told.Check((variable, value)).Unknown);
    }

    [Theory]
    [InlineData("AGENTGRID_SILO_PORT", "11111")]
    [InlineData("AGENTGRID_PORT", "8080")]
    [InlineData("AGENTGRID_DATA", "tcp://10.0.0.7:80")]
    public void Variable_LikeThoseOfKubernetes_IsASetting(string variable, string value) => Assert.Empty(
        EnvironmentSettings.Read(new Dictionary<string, string> { [variable] = value }).OfKubernetes);

    [Theory]
    [InlineData("72h", 72 * 3600)]
    [InlineData("30s", 30)]
    [InlineData("1.5m", 90)]
    [InlineData("250ms", 0.25)]
    [InlineData("7d", 7 * 86400)]
    [InlineData("72:00:00", 72 * 3600)]
    [InlineData("1.00:00:00", 86400)]
    [InlineData(" 30s\n", 30)]
    public void Duration_AsInPlans_IsTakenFromEverywhere(string text, double seconds)
    {
        using var file = new Told { Section = $$"""{ "Retention": {{JsonSerializer.Serialize(text)}} }""" };
        using var variable = new Told { Variables = new() { ["AGENTGRID_RETENTION"] = text } };
        using var option = new Told { Args = ["--AgentGrid:Retention", text] };

        Assert.All(
            [file, variable, option],
            told => Assert.Equal(TimeSpan.FromSeconds(seconds), told.Options().Engine.Retention));
    }

    [Theory]
    [InlineData("AGENTGRID_DRAIN_TIMEOUT", "30", "'30' has no unit: write 30s")]
    [InlineData("AGENTGRID_DRAIN_TIMEOUT", "0", "'0' has no unit: write 0s")]
    [InlineData("AGENTGRID_DRAIN_TIMEOUT", "-5s", "is negative")]
    [InlineData("AGENTGRID_DRAIN_TIMEOUT", "25h", "It can be 0s to 24h.")]
    [InlineData("AGENTGRID_DRAIN_TIMEOUT", "1e3", "is not a duration")]
    [InlineData("AGENTGRID_RETENTION", "0s", "It can be 1ms to 8760h.")]
    [InlineData("AGENTGRID_RETENTION", "400d", "at most 365d")]
    [InlineData("AGENTGRID_RETENTION", "00:30", "72:00:00")]
    [InlineData("AGENTGRID_KEEP_ALIVE", "00:00:00", "It can be 1ms to 24h.")]
    [InlineData("AGENTGRID_KEEP_ALIVE", "", "is empty")]
    [InlineData("AGENTGRID_MAX_BODY_BYTES", "4MB", "of bytes from 1024 to 2147483647, in digits alone: 1048576 is 1 MiB")]
    [InlineData("AGENTGRID_MAX_BODY_BYTES", "0x1000", "in digits alone")]
    [InlineData("AGENTGRID_MAX_BODY_BYTES", "&h1000", "in digits alone")]
    [InlineData("AGENTGRID_MAX_BODY_BYTES", "1023", "from 1024 to")]
    [InlineData("AGENTGRID_MAX_BODY_BYTES", "3000000000", "from 1024 to")]
    [InlineData("AGENTGRID_MAX_ACTIVE_RUNS", "1e3", "in digits alone")]
    [InlineData("AGENTGRID_MAX_ACTIVE_RUNS", "10k", "in digits alone")]
    [InlineData("AGENTGRID_MAX_ACTIVE_RUNS", "1_000", "in digits alone")]
    [InlineData("AGENTGRID_MAX_ACTIVE_RUNS", "1,000", "in digits alone")]
    [InlineData("AGENTGRID_MAX_ACTIVE_RUNS", "+10", "in digits alone")]
    [InlineData("AGENTGRID_MAX_ACTIVE_RUNS", " ", "is empty")]
    [InlineData("AGENTGRID_MAX_ACTIVE_RUNS", "-1", "from 1 to")]
    [InlineData("AGENTGRID_SYNCHRONOUS", "1", "expected one of Full, Normal")]
    [InlineData("AGENTGRID_LOG_FORMAT", "Jsn", "expected one of Simple, Json")]
    [InlineData("AGENTGRID_OTLP_ENDPOINT", "localhost:4318", "http://localhost:4318")]
    [InlineData("AGENTGRID_AGENT_ASSEMBLIES", "a.dll", "AGENTGRID_AGENT_ASSEMBLIES__0=")]
    [InlineData("AGENTGRID_RECOVER", "yes", "expected 'true' or 'false'")]
    [InlineData("AGENTGRID_RETENTION__HOURS", "3", "expected one value")]
    [InlineData("AGENTGRID_URLS", "localhost:8000", "http://127.0.0.1:8000")]
    [InlineData("AGENTGRID_URLS", "http://127.0.0.1:99999", "over 65535")]
    [InlineData("AGENTGRID_DATA", "\n", "is empty")]
    public void Value_NotUnderstood_IsRefusedWithItsPlace(string variable, string value, string reason)
    {
        var refusal = Told.Refusal((variable, value));

        Assert.Contains(variable == "AGENTGRID_URLS" ? value : variable.Split("__")[0], refusal);
        Assert.Contains(reason, refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_AllOfThem_AreRead()
    {
        // Nothing can be set so: who reads it complains.
        var variables = typeof(ApiOptions).GetProperties().Concat(typeof(EmbeddedOptions).GetProperties())
            .Select(p => EnvironmentSettings.NameOf(p.Name));

        Assert.All(variables, v => Assert.Contains(v, Told.Refusal(($"{v}__A__B__C", "x"))));
    }

    [Fact]
    public void Values_SeveralWrong_AreAllReported()
    {
        using var told = new Told
        {
            Section = """{ "MaxWait": 30, "Scopes": [ "read" ] }""",
            Variables = new() { ["AGENTGRID_DRAIN_TIMEOUT"] = "5" },
            Args = ["--AgentGrid:FeedBuffer", "0"],
        };

        var lines = told.Refusal().Split(Environment.NewLine);

        Assert.Equal(4, lines.Length);
        Assert.All(
            [
                "AgentGrid:MaxWait in appsettings.json: '30' has no unit", "AgentGrid:Scopes in appsettings.json: ",
                "AGENTGRID_DRAIN_TIMEOUT: '5' has no unit", "--AgentGrid:FeedBuffer is '0'",
            ],
            start => Assert.Single(lines, l => l.StartsWith(start, StringComparison.Ordinal)));
    }

    [Fact]
    public void Texts_AreTakenWithoutTheBlanksAround()
    {
        using var told = new Told
        {
            Section = """{ "Node": " one\t" }""",
            Variables = new()
            {
                ["AGENTGRID_DATA"] = "/srv/data\r\n",
                ["AGENTGRID_OTLP_ENDPOINT"] = " http://localhost:4318\n",
                ["AGENTGRID_LOG_FORMAT"] = "json\n",
                ["AGENTGRID_MAX_BODY_BYTES"] = "2048\n",
                ["AGENTGRID_AGENT_ASSEMBLIES__0"] = " a.dll ",
            },
            Args = ["--config", " /etc/config "],
        };

        var (api, engine) = told.Options();

        Assert.Equal(("one", "/srv/data", "/etc/config"), (engine.Node, engine.Data, engine.Config));
        Assert.Equal((LogFormat.Json, 2048), (api.LogFormat, api.MaxBodyBytes));
        Assert.Equal(new Uri("http://localhost:4318"), api.OtlpEndpoint);
        Assert.Equal(["a.dll"], api.AgentAssemblies);
    }

    [Fact]
    public void Option_ThatMayBeEmpty_IsSoWhenItSaysSo()
    {
        using var told = new Told
        {
            Section = """{ "OtlpEndpoint": "http://localhost:4318" }""",
            Args = ["--AgentGrid:OtlpEndpoint", ""],
        };

        Assert.Null(told.Options().Api.OtlpEndpoint);
    }

    [Fact]
    public void InForce_HasThePlaceOfEveryValueAndNoSecret()
    {
        using var told = new Told
        {
            Section = """{ "Retention": "72:00:00", "MaxActiveRuns": 5 }""",
            Variables = new()
            {
                ["AGENTGRID_MAX_ACTIVE_RUNS"] = "7",
                ["AGENTGRID_API_KEY_HASH"] = KeyHash.Of("x"),
                ["AGENTGRID_OTLP_ENDPOINT"] = "https://me:secret@collector.example/otlp?token=secret",
            },
            Args = ["--data", "d"],
        };

        var inForce = told.Check().InForce;

        Assert.Contains(new SettingInForce("Retention", "72h", "AgentGrid:Retention in appsettings.json"), inForce);
        Assert.Contains(new SettingInForce("MaxActiveRuns", "7", "AGENTGRID_MAX_ACTIVE_RUNS"), inForce);
        Assert.Contains(new SettingInForce("Data", "'d'", "--data"), inForce);
        Assert.Contains(new SettingInForce("DrainTimeout", "30s", null), inForce);
        Assert.Contains(
            new SettingInForce("OtlpEndpoint", "https://collector.example/otlp", "AGENTGRID_OTLP_ENDPOINT"), inForce);
        Assert.Contains(new SettingInForce("API key 'environment'", "every scope", "AGENTGRID_API_KEY_HASH"), inForce);
        Assert.DoesNotContain(inForce, s => s.Value.Contains("secret", StringComparison.Ordinal)
            || s.Value.Contains("sha256", StringComparison.Ordinal));
    }

    [Fact]
    public void Logging_WithALevelThatThereIsNot_IsRefused()
    {
        using var told = new Told { Files = ["""{ "Logging": { "LogLevel": { "AgentGrid.Runs": "Informaton" } } }"""] };

        Assert.StartsWith(
            "Logging:LogLevel:AgentGrid.Runs in appsettings.json is 'Informaton', did you mean 'Information'?",
            told.Refusal());
    }

    [Theory]
    [InlineData("'--config' is given twice", "--config", "a", "--config", "b")]
    [InlineData("'--config' and '--AgentGrid:config' set the same", "--config", "a", "--AgentGrid:config", "b")]
    [InlineData("'--insecure' is given twice", "--insecure", "--insecure")]
    [InlineData("'--environment' is given twice", "--environment", "a", "--environment=b")]
    [InlineData("'--Logging:LogLevel:A' is given twice", "--Logging:LogLevel:A=Debug", "--Logging:LogLevel:A=Debug")]
    public void Option_GivenTwice_IsSaidInASentence(string sentence, params string[] args) => Assert.StartsWith(
        sentence, Assert.IsType<CommandLine.Mistake>(ServerProgram.Parse(args)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("hash-key", "")]
    [InlineData("hash-key", " \n")]
    public void HashKey_OfNothing_IsAMistake(params string[] args) =>
        Assert.Contains("empty", Assert.IsType<CommandLine.Mistake>(ServerProgram.Parse(args)).Message);

    [Fact]
    public void HashKey_OfAKeyFromAFile_IsThatOfTheKey() => Assert.Equal(
        KeyHash.Of("key"), Assert.IsType<CommandLine.Print>(ServerProgram.Parse(["hash-key", "key\n"])).Text);
}
