using System.Collections.Immutable;
using AgentGrid.ClientApi.Settings;
using AgentGrid.Embedded;

namespace AgentGrid.ClientApi.Hosting;

/// <summary>The options that a program has, besides those that all programs with a client API have.</summary>
internal sealed record CommandLineSyntax
{
    /// <summary>Options whose value does not simply become a setting.</summary>
    public static readonly ImmutableArray<string> Handled = ["--agents", "--api-key-hash", "--environment"];

    private const string Section = ApiOptions.Section;

    private const string ClientApiHelp = """
        Agent Grid: runs graphs of agents over match snapshots, and shows every step live.

        Usage: AgentGrid.ClientApi [options]
               AgentGrid.ClientApi new-key            prints a fresh API key and its hash
               AgentGrid.ClientApi hash-key <key>     prints the hash of a key

          --urls <urls>               where to listen, separated by ';' (default http://127.0.0.1:8000)
          --data <folder>             where runs are kept (default ./data)
          --config <folder>           agents.yaml and plans/ (default ./config, else the one shipped with the program)
          --agents <dll>              a library with agents of yours; can be given more than once
          --api-key-hash <hash>       asks callers for this key; can be given more than once
          --recover                   keeps what is sound of a damaged journal, and says what it dropped
          --insecure                  allows other machines to connect without any API key
          --environment <name>        reads appsettings.<name>.json too (default Production)
          --AgentGrid:<Option> <value>, --Logging:..., --Kestrel:...
                                      any option of appsettings.json; times as 72h, 30s or 72:00:00
          --help, --version

        Options come from appsettings.json beside the program, then from the environment (ASPNETCORE_URLS,
        AGENTGRID_DATA, AGENTGRID_MAX_BODY_BYTES, AGENTGRID_API_KEY_HASH, ...), then from here.
        """;

    /// <summary>The client API with the embedded engine.</summary>
    public static readonly CommandLineSyntax ClientApi = new()
    {
        Help = ClientApiHelp,
        WithValue = ImmutableDictionary<string, string>.Empty
            .Add("--urls", WebHostDefaults.ServerUrlsKey)
            .Add("--data", $"{Section}:Data")
            .Add("--config", $"{Section}:Config"),
        Flags = ImmutableDictionary<string, string>.Empty
            .Add("--insecure", $"{Section}:Insecure")
            .Add("--recover", $"{Section}:Recover"),
        Settings = SettingNames.ClientApi.With(typeof(EmbeddedOptions).GetProperties().Select(p => p.Name)),
    };

    public required string Help { get; init; }

    /// <summary>Options that take a value, and the settings that they set.</summary>
    public required ImmutableDictionary<string, string> WithValue { get; init; }

    /// <summary>Options that take none, and the settings that they turn on.</summary>
    public required ImmutableDictionary<string, string> Flags { get; init; }

    /// <summary>What can be set as <c>--AgentGrid:Name</c>.</summary>
    public required SettingNames Settings { get; init; }

    /// <summary>Everything that can stand on the command line, to find out what a mistyped word was to be.</summary>
    public IEnumerable<string> Words =>
        [.. Handled, .. WithValue.Keys, .. Flags.Keys, "--help", "--version", "new-key", "hash-key"];
}
