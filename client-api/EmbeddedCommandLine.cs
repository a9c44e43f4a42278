using System.Collections.Immutable;
using AgentGrid.Api;
using AgentGrid.Api.Hosting;
using AgentGrid.Api.Settings;
using AgentGrid.Embedded;

namespace AgentGrid.ClientApi;

/// <summary>The options of this program.</summary>
internal static class EmbeddedCommandLine
{
    private const string Section = ApiOptions.Section;

    private const string Help = """
        Agent Grid: runs graphs of agents, and shows every step live.

        Usage: AgentGrid.ClientApi [options]
               AgentGrid.ClientApi new-key            prints a fresh API key and its hash
               AgentGrid.ClientApi hash-key <key>     prints the hash of a key

          --urls <urls>               where to listen, separated by ';' (default http://127.0.0.1:8000)
          --data <folder>             where runs are kept (default ./data)
          --config <folder>           agents.yaml and plans/ (default ./config, else the one shipped with the program)
          --agents <dll>              a library with your agents; can be given more than once
          --api-key-hash <hash>       asks callers for this key; can be given more than once
          --recover                   keeps the sound part of a damaged journal, and says what it dropped
          --insecure                  allows other machines to connect without any API key
          --environment <name>        reads appsettings.<name>.json too (default Production)
          --AgentGrid:<Option> <value>, --Logging:..., --Kestrel:...
                                      any option of appsettings.json; times as 72h, 30s or 72:00:00
          --help, --version

        Options come from appsettings.json beside the program, then from the environment (ASPNETCORE_URLS,
        AGENTGRID_DATA, AGENTGRID_MAX_BODY_BYTES, AGENTGRID_API_KEY_HASH, ...), then from here.
        """;

    public static readonly CommandLineSyntax Syntax = new()
    {
        Help = Help,
        WithValue = ImmutableDictionary<string, string>.Empty
            .Add("--urls", WebHostDefaults.ServerUrlsKey)
            .Add("--data", $"{Section}:Data")
            .Add("--config", $"{Section}:Config"),
        Flags = ImmutableDictionary<string, string>.Empty
            .Add("--insecure", $"{Section}:Insecure")
            .Add("--recover", $"{Section}:Recover"),
        Settings = SettingNames.Api.With(typeof(EmbeddedOptions).GetProperties().Select(p => p.Name)),
    };
}
