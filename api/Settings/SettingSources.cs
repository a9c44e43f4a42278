using System.Collections.Immutable;
using Microsoft.Extensions.Configuration.EnvironmentVariables;

namespace AgentGrid.Api.Settings;

/// <summary>
/// The sources of a configuration, each by itself. A configuration as a whole shows neither where a value was written,
/// nor that a list is a mixture of two.
/// </summary>
internal sealed class SettingSources(IConfiguration configuration)
{
    /// <summary>Those that come later have precedence.</summary>
    public ImmutableArray<IConfigurationProvider> All { get; } = [
        .. (configuration as IConfigurationRoot
            ?? new ConfigurationBuilder().AddConfiguration(configuration).Build()).Providers];

    /// <summary>The sources that say something of a setting, or of something below it.</summary>
    public IEnumerable<IConfigurationProvider> Of(string path) =>
        All.Where(s => s.TryGet(path, out _) || HasMembers(s, path));

    /// <summary>The names of what is below a path, in the order in which lists count.</summary>
    public IEnumerable<string> Members(string path) => All.SelectMany(s => Members(s, path))
        .Distinct(StringComparer.OrdinalIgnoreCase).Order(ConfigurationKeyComparer.Instance);

    public static IEnumerable<string> Members(IConfigurationProvider source, string? path) =>
        source.GetChildKeys([], path).Distinct(StringComparer.OrdinalIgnoreCase);

    public static bool HasMembers(IConfigurationProvider source, string path) => Members(source, path).Any();

    /// <summary>The names of everything below a path, at whatever depth.</summary>
    public static IEnumerable<string> NamesBelow(IConfigurationProvider source, string path) => Members(source, path)
        .SelectMany(m => NamesBelow(source, $"{path}:{m}").Prepend(m));

    /// <summary>What a setting is called where it was written, and in which file.</summary>
    public static string Place(IConfigurationProvider source, string path) => source switch
    {
        PlacedSettings settings => settings.PlaceOf(path),
        FileConfigurationProvider file => $"{path} in {file.Source.Path}",
        EnvironmentVariablesConfigurationProvider => Prefix(source) + path.Replace(":", "__", StringComparison.Ordinal),
        _ => path,
    };

    /// <summary>How the first item of a list is written in such a source.</summary>
    public static string ListForm(IConfigurationProvider source, string path, string item)
    {
        var place = Place(source, path);
        return source is FileConfigurationProvider or not (PlacedSettings or EnvironmentVariablesConfigurationProvider)
            ? $"\"{path[(path.LastIndexOf(':') + 1)..]}\": [ \"{item}\" ]"
            : IsOption(place) ? $"{place}:0 {item}" : $"{place}__0={item}";
    }

    /// <summary>What a setting would be called in such a source.</summary>
    public static string Spelling(IConfigurationProvider source, string name) => source switch
    {
        PlacedSettings settings when !IsOption(settings.PlaceOf(ApiOptions.Section)) =>
            EnvironmentSettings.NameOf(name),
        PlacedSettings => $"--{ApiOptions.Section}:{name}",
        EnvironmentVariablesConfigurationProvider => $"{Prefix(source)}{ApiOptions.Section}__{name}",
        _ => name,
    };

    private static bool IsOption(string place) => place.StartsWith("--", StringComparison.Ordinal);

    // The provider keeps its prefix to itself, but for its description: ... Prefix: 'ASPNETCORE_'
    private static string Prefix(IConfigurationProvider source) =>
        source.ToString()?.Split('\'') is [_, var prefix, _] ? prefix : "";
}
