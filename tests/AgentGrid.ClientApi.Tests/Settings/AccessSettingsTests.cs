using AgentGrid.Api.Security;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace AgentGrid.ClientApi.Tests.Settings;

/// <summary>Who may do what is understood, or the server does not start.</summary>
public sealed class AccessSettingsTests
{
    private static readonly string s_hash = KeyHash.Of("reader's");
    private static readonly string s_other = KeyHash.Of("another");

    [Fact]
    public void Keys_WrittenRight_AreTaken()
    {
        using var told = new Told
        {
            Section = $$"""
                {
                  "ApiKeys": [
                    { "Name": " dashboards ", "Hash": "{{s_hash}}\n", "Scopes": [ " read " ] },
                    { "name": "games", "hash": "{{s_other}}" }
                  ],
                  "TrustedHosts": [ "console.example", "[::1]:5173", "10.0.0.7:80" ]
                }
                """,
            Variables = new()
            {
                ["AGENTGRID_API_KEY_HASH"] = $" {KeyHash.Of("third")}\n",
                ["AGENTGRID_API_KEYS__ENVIRONMENT__SCOPES__0"] = "submit\n",
                ["AgentGrid__ApiKeys__Metrics__Name"] = "metrics",
                ["AgentGrid__ApiKeys__Metrics__Hash"] = KeyHash.Of("fourth"),
                ["AgentGrid__ApiKeys__Metrics__Scopes__0"] = "READ",
            },
            Args = ["--api-key-hash", KeyHash.Of("fifth")],
        };

        var api = told.Options().Api;

        var ring = ApiKeyRing.Read(api.ApiKeys);
        Assert.Equal(new ApiCaller("dashboards", ApiScope.Read), ring.Find("reader's"));
        Assert.Equal(new ApiCaller("games", ApiScope.Read | ApiScope.Submit), ring.Find("another"));
        Assert.Equal(new ApiCaller("environment", ApiScope.Submit), ring.Find("third"));
        Assert.Equal(new ApiCaller("metrics", ApiScope.Read), ring.Find("fourth"));
        Assert.Equal(new ApiCaller("command-line-1", ApiScope.Read | ApiScope.Submit), ring.Find("fifth"));
        Assert.Equal(["console.example", "[::1]:5173", "10.0.0.7:80"], api.TrustedHosts);
    }

    [Theory]
    [InlineData(
        """[{ "Name": "a", "Hash": "$", "Scopes": "read" }]""",
        "AgentGrid:ApiKeys:0:Scopes in appsettings.json", "\"Scopes\": [ \"read\" ]")]
    [InlineData(
        """[{ "Name": "a", "Hash": "$", "Scope": ["read"] }]""",
        "AgentGrid:ApiKeys:0:Scope in appsettings.json", "did you mean 'Scopes'?")]
    [InlineData(
        """[{ "Name": "a", "Hash": "$", "Skopes": ["read"] }]""",
        "AgentGrid:ApiKeys:0:Skopes in appsettings.json", "did you mean 'Scopes'?")]
    [InlineData(
        """[{ "Name": "a", "Hash": "$", "Permissions": ["read"] }]""",
        "AgentGrid:ApiKeys:0:Permissions in", "It has Name, Hash and Scopes.")]
    [InlineData(
        """[{ "Name": "a", "Hash": "$", "Scopes": [] }]""",
        "AgentGrid:ApiKeys:0:Scopes in appsettings.json", "is empty")]
    [InlineData(
        """[{ "Name": "a", "Hash": "$", "Scopes": null }]""",
        "AgentGrid:ApiKeys:0:Scopes in appsettings.json", "is empty")]
    [InlineData(
        """[{ "Name": "a", "Hash": "$", "Scopes": [ "" ] }]""",
        "AgentGrid:ApiKeys:0:Scopes:0 in appsettings.json", "is empty")]
    [InlineData(
        """[{ "Name": "a", "Hash": "$", "Scopes": [ [ "read" ] ] }]""",
        "AgentGrid:ApiKeys:0:Scopes:0 in appsettings.json", "expected one value")]
    [InlineData(
        """[{ "Name": "a", "Hash": "$", "Scopes": { "read": true } }]""",
        "AgentGrid:ApiKeys:0 in appsettings.json", "unknown scope 'True'")]
    [InlineData(
        """[{ "Name": "a", "Hash": "$", "Scopes": [ "write" ] }]""",
        "AgentGrid:ApiKeys:0 in appsettings.json", "unknown scope 'write'")]
    [InlineData(
        """[{ "Name": "a", "Hash": "$", "Scopes": [ "read", "Read" ] }]""",
        "AgentGrid:ApiKeys:0 in appsettings.json", "twice")]
    [InlineData("""[{ "Name": "a", "Scopes": [ "read" ] }]""", "AgentGrid:ApiKeys:0 in appsettings.json", "no Hash")]
    [InlineData("""[{ "Hash": "$" }]""", "AgentGrid:ApiKeys:0 in appsettings.json", "no Name")]
    [InlineData("""[{ "Name": "", "Hash": "$" }]""", "AgentGrid:ApiKeys:0:Name in appsettings.json", "is empty")]
    [InlineData("""[{ "Name": "a", "Hash": "" }]""", "AgentGrid:ApiKeys:0:Hash in appsettings.json", "is empty")]
    [InlineData(
        """[{ "Name": "a", "Hash": [ "$" ] }]""",
        "AgentGrid:ApiKeys:0:Hash in appsettings.json", "expected one value")]
    [InlineData(
        """[{ "Name": "a", "Hash": "0" }]""",
        "AgentGrid:ApiKeys:0 in appsettings.json", "64 hexadecimal digits")]
    [InlineData(
        """[{ "Name": "a", "Hash": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" }]""",
        "AgentGrid:ApiKeys:0 in", "empty key")]
    [InlineData(
        """[{ "Name": "a", "Hash": "$" }, { "Name": "a", "Hash": "#" }]""",
        "AgentGrid:ApiKeys:1 in appsettings.json", "a name of its own")]
    [InlineData(
        """[{ "Name": "a", "Hash": "$", "Scopes": [ "read" ] }, { "Name": "b", "Hash": "$" }]""",
        "AgentGrid:ApiKeys:1 in", "the same key as 'a'")]
    [InlineData("""[{ "Name": "a\u0007b", "Hash": "$" }]""", "AgentGrid:ApiKeys:0 in", "a name of its own")]
    [InlineData("""[ "$" ]""", "AgentGrid:ApiKeys:0 in appsettings.json", "got a text")]
    [InlineData("""[ {} ]""", "AgentGrid:ApiKeys:0 in appsettings.json", "is empty")]
    [InlineData("""[]""", "AgentGrid:ApiKeys in appsettings.json", "is empty")]
    [InlineData("""null""", "AgentGrid:ApiKeys in appsettings.json", "is empty")]
    [InlineData("""true""", "AgentGrid:ApiKeys in appsettings.json", "AGENTGRID_API_KEY_HASH")]
    [InlineData("""{ "Name": "a", "Hash": "$" }""", "AgentGrid:ApiKeys:Name in appsettings.json", "got a text")]
    public void Keys_NotUnderstood_AreRefusedWithTheirPlace(string keys, string place, string reason)
    {
        var json = keys.Replace("$", s_hash, StringComparison.Ordinal).Replace("#", s_other, StringComparison.Ordinal);

        var refusal = Told.Refusal($$"""{ "ApiKeys": {{json}} }""");

        Assert.Contains(place, refusal, StringComparison.Ordinal);
        Assert.Contains(reason, refusal, StringComparison.Ordinal);
        Assert.DoesNotContain(s_hash, refusal, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AGENTGRID_API_KEYS", "AGENTGRID_API_KEY_HASH")]
    [InlineData("AGENTGRID_APIKEY", "AGENTGRID_API_KEYS")]
    [InlineData("AGENTGRID_APIKEYHASH", "AGENTGRID_API_KEY_HASH")]
    [InlineData("AGENTGRID_API_KEY_HSAH", "AGENTGRID_API_KEY_HASH")]
    [InlineData("AGENTGRID_API_KEY_HASHES", "AGENTGRID_API_KEY_HASH")]
    [InlineData("AGENTGRID_API_KEY_HASH_FILE", "AGENTGRID_API_KEY_HASH")]
    [InlineData("AGENTGRID_API_KEYS_0_HASH", "AGENTGRID_API_KEY_HASH")]
    [InlineData("AGENTGRID_API_KYES__0__HASH", "AGENTGRID_API_KEYS")]
    [InlineData("AGENTGRID_KEY", "AGENTGRID_API_KEY_HASH")]
    [InlineData("AGENTGRID_HASH", "AGENTGRID_API_KEY_HASH")]
    [InlineData("AGENTGRID_AUTH_TOKEN", "AGENTGRID_API_KEY_HASH")]
    [InlineData("AGENTGRID_TRUSTED_HOST", "AGENTGRID_TRUSTED_HOSTS")]
    [InlineData("AGENTGRID_TRUSTED_HOSTS", "AGENTGRID_TRUSTED_HOSTS__0=")]
    [InlineData("AGENTGRID_INSECUR", "AGENTGRID_INSECURE")]
    [InlineData("AGENTGRID_TLS_CERT", "AGENTGRID_API_KEY_HASH")]
    [InlineData("AgentGrid__ApiKey", "AGENTGRID_API_KEYS")]
    [InlineData("AgentGrid:ApiKey", "AGENTGRID_API_KEYS")]
    [InlineData("agentgrid_api_key_hsah", "AGENTGRID_API_KEY_HASH")]
    [InlineData("AGENT_GRID_API_KEY_HASH", "AGENTGRID_API_KEY_HASH")]
    [InlineData("AGENTGRD_API_KEY_HASH", "AGENTGRID_API_KEY_HASH")]
    [InlineData("AGENTGRIDAPIKEYHASH", "AGENTGRID_API_KEY_HASH")]
    [InlineData("AGENT_GRID_API_KEYS__0__HASH", "AGENTGRID_API_KEYS")]
    public void Variable_OfAccessThatIsMisspelt_IsRefusedWithTheNearest(string variable, string meant)
    {
        var refusal = Told.Refusal((variable, s_hash));

        Assert.StartsWith($"{variable}: ", refusal, StringComparison.Ordinal);
        Assert.Contains(meant, refusal, StringComparison.Ordinal);
        Assert.DoesNotContain(s_hash, refusal, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AGENTGRID_API_KEYS__0__SCOPES", "read", "AGENTGRID_API_KEYS__0__SCOPES__0=read")]
    [InlineData("AGENTGRID_API_KEYS__0__SCOPE__0", "read", "did you mean 'Scopes'?")]
    [InlineData("AGENTGRID_API_KEYS__0__SCOPES__0", "", "is empty")]
    [InlineData("AGENTGRID_API_KEYS__0__SCOPES__0", "all", "unknown scope 'all'")]
    [InlineData("AGENTGRID_API_KEY_HASH", "\n", "is empty")]
    [InlineData("AGENTGRID_INSECURE", "1", "expected 'true' or 'false'")]
    [InlineData("AGENTGRID_INSECURE", "", "is empty")]
    public void Variable_OfAccessWithAWrongValue_IsRefused(string variable, string value, string reason)
    {
        var refusal = Told.Refusal(
            ("AGENTGRID_API_KEYS__0__NAME", "a"), ("AGENTGRID_API_KEYS__0__HASH", s_hash), (variable, value));

        Assert.Contains("AGENTGRID_", refusal, StringComparison.Ordinal);
        Assert.Contains(reason, refusal, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--AgentGrid:ApiKeys:0:Scopes", "read", "--AgentGrid:ApiKeys:0:Scopes:0 read")]
    [InlineData("--AgentGrid:ApiKeys:0:Scope:0", "read", "did you mean 'Scopes'?")]
    [InlineData("--AgentGrid:ApiKeys:0:Scopes:0", "", "is empty")]
    [InlineData("--AgentGrid:TrustedHosts", "a", "--AgentGrid:TrustedHosts:0 console.example")]
    [InlineData("--AgentGrid:ApiKeys", "x", "got a text")]
    public void Option_OfAccessThatIsNotUnderstood_IsRefused(string option, string value, string reason)
    {
        using var told = new Told
        {
            Args = ["--AgentGrid:ApiKeys:0:Name", "a", $"--AgentGrid:ApiKeys:0:Hash={s_hash}", option, value],
        };

        var refusal = told.Refusal();

        Assert.Contains(option, refusal, StringComparison.Ordinal);
        Assert.Contains(reason, refusal, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        """{ "AgentGrid": { "ApiKey": { "Hash": "x" } } }""",
        "AgentGrid:ApiKey in appsettings.json", "Did you mean ApiKeys?")]
    [InlineData(
        """{ "AgentGrid": { "ApiKeyHash": "x" } }""",
        "AgentGrid:ApiKeyHash in appsettings.json", "ApiKeys, Insecure, TrustedHosts")]
    [InlineData(
        """{ "AgentGrid": { "Api_Keys": [] } }""",
        "AgentGrid:Api_Keys in appsettings.json", "Did you mean ApiKeys?")]
    [InlineData(
        """{ "AgentGrid": { "Front": { "Keys": [ "x" ] } } }""",
        "AgentGrid:Front in appsettings.json", "controls access")]
    [InlineData(
        """{ "AgentGrid": { "AllowedHosts": "*" } }""",
        "AgentGrid:AllowedHosts in appsettings.json", "controls access")]
    [InlineData("""{ "AgentGrid": [ { "ApiKeys": [] } ] }""", "AgentGrid:0 in appsettings.json", "controls access")]
    [InlineData("""{ "AgentGrid": "x" }""", "AgentGrid in appsettings.json", "expected a section")]
    [InlineData("""{ "AgentGird": { "ApiKeys": [] } }""", "AgentGird in appsettings.json", "did you mean 'AgentGrid'?")]
    [InlineData("""{ "Agent-Grid": { "Data": "x" } }""", "Agent-Grid in appsettings.json", "did you mean 'AgentGrid'?")]
    [InlineData(
        """{ "ApiKeys": [ { "Name": "a" } ] }""",
        "ApiKeys in appsettings.json", "belongs in the section 'AgentGrid'")]
    [InlineData(
        """{ "TrustedHosts": [ "a" ] }""",
        "TrustedHosts in appsettings.json", "belongs in the section 'AgentGrid'")]
    public void File_WithAccessInTheWrongPlace_IsRefused(string json, string place, string reason)
    {
        using var told = new Told { Files = [json] };

        var refusal = told.Refusal();

        Assert.Contains(place, refusal, StringComparison.Ordinal);
        Assert.Contains(reason, refusal, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://console.example")]
    [InlineData("*.example")]
    [InlineData("*")]
    [InlineData("a,b")]
    [InlineData("console.example/")]
    [InlineData("console.example:port")]
    [InlineData("console.example:70000")]
    public void TrustedHost_ThatIsNone_IsRefused(string host)
    {
        var refusal = Told.Refusal($$"""{ "TrustedHosts": [ "fine.example", "{{host}}" ] }""");

        Assert.StartsWith($"AgentGrid:TrustedHosts in appsettings.json has '{host}'", refusal);
    }

    [Theory]
    [InlineData("""[ "a.example", "A.example" ]""", "twice")]
    [InlineData("""[]""", "is empty")]
    [InlineData("""[ "" ]""", "is empty")]
    [InlineData("\"a.example\"", "\"TrustedHosts\": [ \"console.example:5173\" ]")]
    public void TrustedHosts_NotUnderstood_AreRefused(string hosts, string reason) =>
        Assert.Contains(reason, Told.Refusal($$"""{ "TrustedHosts": {{hosts}} }"""), StringComparison.Ordinal);

    [Theory]
    [InlineData("""[ "read", "submit" ]""", """[ "read" ]""")]
    [InlineData("""[ "submit" ]""", """[ "read" ]""")]
    public void Key_WithScopesInTwoFiles_IsRefused(string below, string above)
    {
        using var told = new Told
        {
            Files =
            [
                $$"""
                { "AgentGrid": { "ApiKeys": { "a": { "Name": "a", "Hash": "{{s_hash}}", "Scopes": {{below}} } } } }
                """,
                $$"""{ "AgentGrid": { "ApiKeys": { "a": { "Scopes": {{above}} } } } }""",
            ],
        };

        var refusal = told.Refusal();

        const string path = "AgentGrid:ApiKeys:a:Scopes";
        Assert.StartsWith($"{path} in appsettings.json and {path} in appsettings.1.json: ", refusal);
    }

    [Fact]
    public void Keys_ListedByNumberInTwoPlaces_AreRefused()
    {
        // Mixed by number, the first key would have more scopes than the second file says, and the other one be let in.
        using var told = new Told
        {
            Files =
            [
                $$"""
                { "AgentGrid": { "ApiKeys": [
                  { "Name": "games", "Hash": "{{s_hash}}", "Scopes": [ "read", "submit" ] },
                  { "Name": "tests", "Hash": "{{s_other}}" } ] } }
                """,
                $$"""
                { "AgentGrid": { "ApiKeys": [ { "Name": "games", "Hash": "{{s_hash}}", "Scopes": [ "read" ] } ] } }
                """,
            ],
        };

        var refusal = told.Refusal();

        Assert.StartsWith("AgentGrid:ApiKeys in appsettings.json and AgentGrid:ApiKeys in appsettings.1.json: ", refusal);
    }

    [Fact]
    public void Key_WithItsHashInAVariable_KeepsTheScopesOfTheFile()
    {
        using var told = new Told
        {
            Section = """{ "ApiKeys": [ { "Name": "dashboards", "Hash": "replaced", "Scopes": [ "read" ] } ] }""",
            Variables = new() { ["AGENTGRID_API_KEYS__0__HASH"] = s_hash },
        };

        var key = Assert.Single(told.Options().Api.ApiKeys);

        Assert.Equal(("dashboards", s_hash), (key.Name, key.Hash));
        Assert.Equal(["read"], key.Scopes);
    }

    [Fact]
    public void TrustedHosts_InTwoFiles_AreRefused()
    {
        using var told = new Told
        {
            Files =
            [
                """{ "AgentGrid": { "TrustedHosts": [ "a.example", "b.example" ] } }""",
                """{ "AgentGrid": { "TrustedHosts": [ "a.example" ] } }""",
            ],
        };

        Assert.Contains("two different lists", told.Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void Variables_ThatContradictEachOther_AreRefused() => Assert.StartsWith(
        "AGENTGRID_API_KEYS__ENVIRONMENT__HASH and AGENTGRID_API_KEY_HASH ",
        Told.Refusal(("AGENTGRID_API_KEY_HASH", s_hash), ("AGENTGRID_API_KEYS__ENVIRONMENT__HASH", s_other)),
        StringComparison.Ordinal);

    [Fact]
    public void ClientKey_WithoutAKeyOfTheServer_IsRefused()
    {
        var refusal = Told.Refusal(("AGENTGRID_API_KEY", "ag_secret"));

        Assert.Contains("AGENTGRID_API_KEY_HASH", refusal, StringComparison.Ordinal);
        Assert.DoesNotContain("ag_secret", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void ClientKey_BesideAKeyOfTheServer_IsTheClients()
    {
        var check = Told.Check(
            ("AGENTGRID_API_KEY", "ag_secret"), ("AGENTGRID_API_KEY_HASH", s_hash), ("AGENTGRID_SERVER", "here"));

        Assert.Empty(check.Unknown);
    }

    [Theory]
    [InlineData("Kestrel:Endpoints:A:ClientCertificateMode", "Required", "RequireCertificate")]
    [InlineData("Kestrel:Endpoints:A:Certifcate:Path", "x", "did you mean 'Certificate'?")]
    [InlineData("Kestrel:Endpoints:A:Certificate:KeyPaht", "x", "did you mean 'KeyPath'?")]
    [InlineData("Kestrel:Endpoints:A:SslProtocols", "Tls13", "expected a list")]
    [InlineData("Kestrel:Endpoints:A:SslProtocols:0", "Tls1.3", "did you mean 'Tls13'?")]
    [InlineData("Kestrel:Endpoints:A:Sni:*:ClientCertificateMod", "x", "did you mean 'ClientCertificateMode'?")]
    [InlineData("Kestrel:EndpointDefaults:ClientCertificateMode", "yes", "RequireCertificate")]
    [InlineData("Kestrel:Certificates:Default:Pasword", "x", "did you mean 'Password'?")]
    [InlineData("Kestrel:Endpoint:A:Url", "http://localhost", "did you mean 'Endpoints'?")]
    public void Kestrel_WhatItWouldPassOver_IsRefused(string path, string value, string reason)
    {
        using var told = new Told { Args = [$"--{path}={value}"] };

        var refusal = told.Refusal();

        Assert.StartsWith($"--{path}", refusal, StringComparison.Ordinal);
        Assert.Contains(reason, refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void Kestrel_WrittenRight_IsTaken()
    {
        using var told = new Told
        {
            Files =
            [
                """
                { "Kestrel": {
                    "Endpoints": {
                      "A": {
                        "Url": "https://*:8443", "Protocols": "Http1AndHttp2", "SslProtocols": [ "Tls12", "Tls13" ],
                        "ClientCertificateMode": "RequireCertificate",
                        "Certificate": { "Path": "a.pem", "KeyPath": "a.key" },
                        "Sni": { "*.example": { "Certificate": { "Path": "b.pfx", "Password": "x" } } } } },
                    "EndpointDefaults": { "Protocols": "http1" },
                    "Certificates": {
                      "Default": { "Subject": "a", "Store": "My", "Location": "CurrentUser", "AllowInvalid": true } } },
                  "AgentGrid": { } }
                """,
            ],
        };

        Assert.Empty(told.Check().Unknown);
    }

    [Fact]
    public void Library_WithKeysFromCodeAndFromTheSection_HasAll()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([
            new("AgentGrid:ApiKeys:0:Name", "section"), new("AgentGrid:ApiKeys:0:Hash", s_hash),
            new("AgentGrid:MaxWait", "2m")]).Build();
        var services = new ServiceCollection().AddSingleton<IConfiguration>(configuration);
        services.Configure<ApiOptions>(o => o.ApiKeys.Add(new ApiKeyOptions { Name = "before", Hash = s_other }));
        services.Configure<ApiOptions>(o => o.OtlpEndpoint = new Uri("http://here"));
        services.Configure<ApiOptions>(o => o.KeepAlive = TimeSpan.FromSeconds(3));
        services.AddAgentGridApi(o => o.ApiKeys.Add(new ApiKeyOptions { Name = "after", Hash = KeyHash.Of("third") }));

        var options = services.BuildServiceProvider().GetRequiredService<IOptions<ApiOptions>>().Value;

        Assert.Equal(["before", "section", "after"], options.ApiKeys.Select(k => k.Name));
        Assert.Equal((new Uri("http://here"), TimeSpan.FromSeconds(3)), (options.OtlpEndpoint, options.KeepAlive));
        Assert.Equal(TimeSpan.FromMinutes(2), options.MaxWait);
    }

    [Theory]
    [InlineData("AgentGrid:ApiKeys:0:Scopes", "read", "expected scopes")]
    [InlineData("AgentGrid:ApiKeys:0:Scope:0", "read", "did you mean 'Scopes'?")]
    [InlineData("AgentGrid:ApiKey:Hash", "x", "Did you mean ApiKeys?")]
    [InlineData("AgentGrid:TrustedHosts", "x", "expected names of hosts")]
    public void Library_InAHostOfItsOwn_RefusesTheSame(string path, string value, string reason)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([
            new("AgentGrid:ApiKeys:0:Name", "a"), new("AgentGrid:ApiKeys:0:Hash", s_hash), new(path, value)]).Build();
        var services = new ServiceCollection().AddSingleton<IConfiguration>(configuration).AddAgentGridApi()
            .BuildServiceProvider();

        var refused = Assert.Throws<OptionsValidationException>(
            () => services.GetRequiredService<IOptions<ApiOptions>>().Value);

        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }
}
