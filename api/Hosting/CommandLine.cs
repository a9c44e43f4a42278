using System.Collections.Immutable;
using AgentGrid.Api.Security;
using AgentGrid.Api.Settings;
using AgentGrid.Core;

namespace AgentGrid.Api.Hosting;

/// <summary>What the command line asks for.</summary>
internal abstract record CommandLine
{
    private const string Section = ApiOptions.Section;
    private static readonly string[] Sections = [Section, "Logging", "Kestrel"];

    private CommandLine()
    {
    }

    /// <summary>Serve, with these settings over those from elsewhere.</summary>
    public sealed record Serve(ImmutableArray<PlacedSetting> Settings, string? Environment) : CommandLine;

    /// <summary>Print a text and end well.</summary>
    public sealed record Print(string Text) : CommandLine;

    /// <summary>The command line cannot be understood.</summary>
    public sealed record Mistake(string Message) : CommandLine;

    /// <summary>Reads the command line of a program that has options of its own.</summary>
    public static CommandLine Parse(IReadOnlyList<string> args, CommandLineSyntax syntax) => args switch
    {
        ["new-key"] => NewKey(),
        ["hash-key", var key] when key.Trim() is { Length: > 0 } bare => new Print(KeyHash.Of(bare)),
        ["hash-key", _] => new Mistake("'hash-key' takes a key, and this one is empty."),
        ["hash-key", ..] => new Mistake("'hash-key' takes exactly one key."),
        _ when args.Contains("--help") || args.Contains("-h") => new Print(syntax.Help),
        _ when args.Contains("--version") => new Print(
            typeof(CommandLine).Assembly.GetName().Version?.ToString(3) ?? "unknown"),
        _ => ParseOptions(args, syntax),
    };

    private static Print NewKey()
    {
        var key = KeyHash.NewKey();
        return new Print($"key:  {key}{System.Environment.NewLine}hash: {KeyHash.Of(key)}");
    }

    private static CommandLine ParseOptions(IReadOnlyList<string> args, CommandLineSyntax syntax)
    {
        var settings = ImmutableArray.CreateBuilder<PlacedSetting>();
        string? environment = null;
        var keys = 0;
        var libraries = 0;
        for (var i = 0; i < args.Count; i++)
        {
            var equals = args[i].IndexOf('=', StringComparison.Ordinal);
            var option = equals < 0 ? args[i] : args[i][..equals];
            if (equals < 0 && syntax.Flags.TryGetValue(option, out var flag))
            {
                settings.Add(new(flag, "true", option));
                continue;
            }
            if (Unknown(option, syntax) is { } mistake)
            {
                return mistake;
            }
            var value = equals >= 0 ? args[i][(equals + 1)..] : ++i < args.Count ? args[i] : null;
            if (value is null || (value.Length == 0 && !MayBeEmpty(option))
                || (equals < 0 && value.StartsWith("--", StringComparison.Ordinal)))
            {
                return new Mistake($"'{option}' needs a value. --help lists the options.");
            }
            switch (option)
            {
                case "--environment" when environment is not null:
                    return Twice(option, option);
                case "--environment":
                    environment = value.Trim();
                    break;
                case "--agents":
                    settings.Add(new($"{Section}:AgentAssemblies:command-line-{++libraries}", value, option));
                    break;
                case "--api-key-hash":
                    // Keys named by words, because numbers would replace those of other sources.
                    var name = $"command-line-{++keys}";
                    settings.Add(new($"{Section}:ApiKeys:{name}:Name", name, option));
                    settings.Add(new($"{Section}:ApiKeys:{name}:Hash", value, option));
                    break;
                default:
                    settings.Add(new(syntax.WithValue.GetValueOrDefault(option, option[2..]), value.Trim(), option));
                    break;
            }
        }
        var twice = settings.GroupBy(s => s.Path, StringComparer.OrdinalIgnoreCase)
            .FirstOrDefault(same => same.Skip(1).Any());
        return twice is null
            ? new Serve(settings.ToImmutable(), environment)
            : Twice(twice.First().Place, twice.Last().Place);
    }

    // What an empty value means, if anything, is known to who reads the setting.
    private static bool MayBeEmpty(string option) =>
        option.StartsWith($"--{Section}:", StringComparison.OrdinalIgnoreCase);

    private static Mistake Twice(string first, string second) => new(
        first == second
            ? $"'{first}' is given twice: keep one."
            : $"'{first}' and '{second}' set the same thing: keep one.");

    private static Mistake? Unknown(string option, CommandLineSyntax syntax)
    {
        if (CommandLineSyntax.Handled.Contains(option) || syntax.WithValue.ContainsKey(option))
        {
            return null;
        }
        var parts = option.StartsWith("--", StringComparison.Ordinal) ? option[2..].Split(':') : [];
        if (parts.Length > 1 && Sections.Contains(parts[0], StringComparer.OrdinalIgnoreCase))
        {
            return !parts[0].Equals(Section, StringComparison.OrdinalIgnoreCase)
                || syntax.Settings.Has(parts[1])
                ? null
                : Suggest(option, syntax.Settings.Nearest(parts[1]) is { } n ? $"--{Section}:{n}" : null);
        }
        return Suggest(option, Names.Nearest(option, syntax.Words));
    }

    private static Mistake Suggest(string option, string? nearest) => new(
        $"Unknown option '{Names.Shorten(option)}'" +
        (nearest is null ? ". " : $", did you mean '{nearest}'? ") + "--help lists the options.");
}
