using System.Collections.Immutable;

namespace AgentGrid.Api.Settings;

/// <summary>One setting, and what its writer knows it by: an option of the command line, a variable.</summary>
internal readonly record struct PlacedSetting(string Path, string? Value, string Place);

/// <summary>A source of settings that knows where each of them was written.</summary>
internal sealed class PlacedSettings : ConfigurationProvider, IConfigurationSource
{
    private readonly ImmutableArray<PlacedSetting> _settings;

    public PlacedSettings(IEnumerable<PlacedSetting> settings)
    {
        _settings = [.. settings];
        foreach (var setting in _settings)
        {
            Data[setting.Path] = setting.Value;
        }
    }

    public IConfigurationProvider Build(IConfigurationBuilder builder) => this;

    /// <summary>Where a setting was written, or the first one below it.</summary>
    public string PlaceOf(string path) => _settings
        .Where(s => s.Path.Equals(path, StringComparison.OrdinalIgnoreCase)
            || s.Path.StartsWith($"{path}:", StringComparison.OrdinalIgnoreCase))
        .Select(s => s.Place).FirstOrDefault(path);
}
