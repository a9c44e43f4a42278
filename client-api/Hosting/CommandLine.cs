using System.Collections.Immutable;
using AgentGrid.ClientApi.Security;
using AgentGrid.Core;
using AgentGrid.Embedded;

namespace AgentGrid.ClientApi.Hosting;

/// <summary>What the command line asks for.</summary>
internal abstract record CommandLine
{
    private const string Section = ApiOptions.Section;

    private const string Help = """
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
                                      any option of appsettings.json
          --help, --version

        Options come from appsettings.json beside the program, then from the environment (ASPNETCORE_URLS,
        AGENTGRID_DATA, AGENTGRID_MAX_BODY_BYTES, AGENTGRID_API_KEY_HASH, ...), then from here.
        """;

    private static readonly string[] WithValue = [
        "--urls", "--data", "--config", "--agents", "--api-key-hash", "--environment"];
    private static readonly string[] Flags = ["--insecure", "--recover", "--help", "--version"];
    private static readonly string[] Sections = [Section, "Logging", "Kestrel"];

    private static readonly string[] OptionNames = [
        .. typeof(ApiOptions).GetProperties().Concat(typeof(EmbeddedOptions).GetProperties()).Select(p => p.Name)];

    private CommandLine()
    {
    }

    /// <summary>Serve, with these settings over those from elsewhere.</summary>
    public sealed record Serve(
        ImmutableArray<KeyValuePair<string, string?>> Settings, string? Environment) : CommandLine;

    /// <summary>Print a text and end well.</summary>
    public sealed record Print(string Text) : CommandLine;

    /// <summary>The command line cannot be understood.</summary>
    public sealed record Mistake(string Message) : CommandLine;

    public static CommandLine Parse(IReadOnlyList<string> args) => args switch
    {
        ["new-key"] => NewKey(),
        ["hash-key", var key] => new Print(KeyHash.Of(key)),
        ["hash-key", ..] => new Mistake("'hash-key' takes exactly one key."),
        _ when args.Contains("--help") || args.Contains("-h") => new Print(Help),
        _ when args.Contains("--version") => new Print(
            typeof(CommandLine).Assembly.GetName().Version?.ToString(3) ?? "unknown"),
        _ => ParseOptions(args),
    };

    private static Print NewKey()
    {
        var key = KeyHash.NewKey();
        return new Print($"key:  {key}{System.Environment.NewLine}hash: {KeyHash.Of(key)}");
    }

    private static CommandLine ParseOptions(IReadOnlyList<string> args)
    {
        var settings = ImmutableArray.CreateBuilder<KeyValuePair<string, string?>>();
        string? environment = null;
        var keys = 0;
        var libraries = 0;
        for (var i = 0; i < args.Count; i++)
        {
            var equals = args[i].IndexOf('=', StringComparison.Ordinal);
            var option = equals < 0 ? args[i] : args[i][..equals];
            if (option is "--insecure" or "--recover" && equals < 0)
            {
                settings.Add(new($"{Section}:{(option == "--insecure" ? "Insecure" : "Recover")}", "true"));
                continue;
            }
            if (Unknown(option) is { } mistake)
            {
                return mistake;
            }
            var value = equals >= 0 ? args[i][(equals + 1)..] : ++i < args.Count ? args[i] : "";
            if (value.Length == 0 || (equals < 0 && value.StartsWith("--", StringComparison.Ordinal)))
            {
                return new Mistake($"'{option}' needs a value. --help lists the options.");
            }
            switch (option)
            {
                case "--environment":
                    environment = value;
                    break;
                case "--agents":
                    settings.Add(new($"{Section}:AgentAssemblies:command-line-{++libraries}", value));
                    break;
                case "--api-key-hash":
                    // Keys named by words, because numbers would replace those of other sources.
                    var name = $"command-line-{++keys}";
                    settings.Add(new($"{Section}:ApiKeys:{name}:Name", name));
                    settings.Add(new($"{Section}:ApiKeys:{name}:Hash", value));
                    break;
                default:
                    settings.Add(new(KeyOf(option), value));
                    break;
            }
        }
        return new Serve(settings.ToImmutable(), environment);
    }

    private static string KeyOf(string option) => option switch
    {
        "--urls" => WebHostDefaults.ServerUrlsKey,
        "--data" => $"{Section}:Data",
        "--config" => $"{Section}:Config",
        _ => option[2..],
    };

    private static Mistake? Unknown(string option)
    {
        if (WithValue.Contains(option))
        {
            return null;
        }
        var parts = option.StartsWith("--", StringComparison.Ordinal) ? option[2..].Split(':') : [];
        if (parts.Length > 1 && Sections.Contains(parts[0], StringComparer.OrdinalIgnoreCase))
        {
            return !parts[0].Equals(Section, StringComparison.OrdinalIgnoreCase)
                || OptionNames.Contains(parts[1], StringComparer.OrdinalIgnoreCase)
                ? null
                : Suggest(option, Names.Nearest(parts[1], OptionNames) is { } n ? $"--{Section}:{n}" : null);
        }
        return Suggest(option, Names.Nearest(option, [.. WithValue, .. Flags, "new-key", "hash-key"]));
    }

    private static Mistake Suggest(string option, string? nearest) => new(
        $"Unknown option '{Names.Shorten(option)}'" +
        (nearest is null ? ". " : $", did you mean '{nearest}'? ") + "--help lists the options.");
}
