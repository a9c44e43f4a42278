using System.Text;
using System.Text.Json.Nodes;
using AgentGrid.Api.Hosting;
using AgentGrid.Api.Security;
using AgentGrid.Api.Settings;
using AgentGrid.ClientApi.Tests.Settings;
using Xunit.Sdk;

namespace AgentGrid.ClientApi.Tests.Fuzz;

/// <summary>
/// Settings that are nearly right are taken or refused with reasons, and protect no less than was written. More cases:
/// AGENTGRID_FUZZ_CASES=100000; one case again: AGENTGRID_FUZZ_SEED=its seed, AGENTGRID_FUZZ_CASES=1.
/// </summary>
public sealed class HostileSettingsTests
{
    private static readonly string s_hash = KeyHash.Of("a key");
    private static readonly string s_other = KeyHash.Of("another key");

    private static readonly string s_file = $$"""
        {
          "Logging": { "LogLevel": { "Default": "Information", "AgentGrid.Engine": "Debug" } },
          "Urls": "http://127.0.0.1:8080;https://[::1]:8443",
          "Kestrel": { "EndpointDefaults": { "Protocols": "Http1" } },
          "AgentGrid": {
            "Data": "data", "Config": "config", "LogFormat": "Json", "Insecure": false, "TicketSecret": "{{s_other}}",
            "ApiKeys": [ { "Name": "a", "Hash": "{{s_hash}}", "Scopes": [ "read" ] } ],
            "TrustedHosts": [ "console.example", "[::1]:5173" ], "OtlpEndpoint": "http://127.0.0.1:4317",
            "MaxBodyBytes": 4000000, "MaxWait": "00:01:00", "KeepAlive": "15s", "MaxConcurrentWaits": 10,
            "WebSocketSendTimeout": "30s", "Retention": "7.00:00:00", "MaxActiveRuns": 1000, "MaxQueuedRuns": 100,
            "Synchronous": "Full", "DrainTimeout": "30s", "MaxItems": 10000, "AgentAssemblies": [ "agents.dll" ]
          }
        }
        """;

    private static readonly string[] s_variables =
    [
        "AGENTGRID_MAX_WAIT", "AGENTGRID_RETENTION", "AGENTGRID_API_KEY_HASH", "AGENTGRID_API_KEYS__B__NAME",
        "AGENTGRID_API_KEYS__B__HASH", "AGENTGRID_API_KEYS__0__SCOPES__0", "AGENTGRID_TRUSTED_HOSTS__0", "AGENTGRID_INSECURE",
        "AgentGrid__MaxItems", "AgentGrid__ApiKeys__0__Name", "AGENTGRID_API_KEY", "AGENTGRID_PORT", "AGENTGRID_URLS",
        "ASPNETCORE_URLS", "Logging__LogLevel__Default", "AGENTGRID_MAX_ACTIVE_RUNS",
    ];

    private static readonly string[] s_options =
    [
        "--urls", "--data", "--config", "--insecure", "--api-key-hash", "--agents", "--environment", "--AgentGrid:MaxWait",
        "--AgentGrid:MaxBodyBytes", "--AgentGrid:Synchronous", "--AgentGrid:ApiKeys:0:Scopes:0", "--max-wait",
    ];

    [Fact]
    public void AnySettings_AreTakenOrRefusedWithReasons()
    {
        var (taken, refused, cases) = (0, 0, FuzzCases.Count(2_000));
        foreach (var seed in Enumerable.Range(FuzzCases.FirstSeed, cases))
        {
            using var told = Tell(seed, out var text);
            if (told is null)
            {
                continue;
            }
            try
            {
                if (IsTaken(told))
                {
                    taken++;
                }
                else
                {
                    refused++;
                }
            }
            catch (Exception e)
            {
                throw new XunitException($"seed {seed}: {e.Message}\n{text}", e);
            }
        }
        Assert.True(cases < 1_000 || (taken > cases / 50 && refused > cases / 50), $"{taken} taken, {refused} refused");
    }

    // Null where the text is no file of settings, or the line no command line: these are refused before.
    private static Told? Tell(int seed, out string text)
    {
        var make = new Mutations(new Random(seed));
        var file = make.Chance() ? s_file : make.Chance()
            ? make.Restructure(JsonNode.Parse(s_file)!)
            : Encoding.UTF8.GetString(make.Damage(Encoding.UTF8.GetBytes(s_file)));
        var variables = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        for (var i = make.Pick(0, 0, 1, 2, 4); i > 0; i--)
        {
            var name = Name(make, s_variables);
            variables[name] = Value(make, name);
        }
        var args = new List<string>();
        for (var i = make.Pick(0, 0, 1, 2); i > 0; i--)
        {
            var option = Name(make, s_options);
            args.Add($"{option}={Value(make, option)}");
        }
        text = $"{file}\n{string.Join('\n', variables)}\n{string.Join(' ', args)}";
        var told = new Told { Files = [file], Variables = variables, Args = [.. args] };
        try
        {
            return told.IsReadable() ? told : null;
        }
        catch
        {
            told.Dispose();
            throw;
        }
    }

    private static string Name(Mutations make, string[] names) => make.Chance(4)
        ? Encoding.UTF8.GetString(make.Damage(Encoding.UTF8.GetBytes(make.Pick(names)))).Replace('\0', '_')
        : make.Pick(names);

    // A hash only where one belongs: elsewhere it is no secret, and may be shown.
    private static string Value(Mutations make, string name) => make.Pick(0, 1, 2) switch
    {
        _ when name.EndsWith("hash", StringComparison.OrdinalIgnoreCase) && make.Chance() => s_hash,
        0 => make.Number(),
        1 => make.Text(),
        _ => make.Pick("read", "true", "30s", "00:00:30", "1", "Full", "http://127.0.0.1:1", "host.example", " \n"),
    };

    private static bool IsTaken(Told told)
    {
        try
        {
            var (api, engine) = told.Options();
            Assert.Empty(ApiOptionsValidation.Problems(api));
            // What counts as a key lets its holder in, so nobody is shut out or let in by a mistake in writing.
            var ring = ApiKeyRing.Read(api.ApiKeys);
            Assert.All(api.ApiKeys, key => Assert.NotEmpty(key.Name));
            Assert.Equal(api.ApiKeys.Exists(k => k.Hash.Trim().Equals(s_hash, StringComparison.OrdinalIgnoreCase)), ring.Find("a key") is not null);
            Assert.InRange(engine.MaxActiveRuns, 1, int.MaxValue);
            Assert.InRange(api.MaxWait, TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(1));
            return true;
        }
        catch (StartupRefusedException e)
        {
            Assert.Equal(2, e.ExitCode);
            Assert.NotEmpty(e.Message);
            Assert.DoesNotContain(s_hash, e.Message, StringComparison.Ordinal);
            Assert.DoesNotContain(s_other, e.Message, StringComparison.Ordinal);
            return false;
        }
    }
}
