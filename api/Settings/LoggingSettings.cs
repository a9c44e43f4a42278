using AgentGrid.Core;

namespace AgentGrid.Api.Settings;

/// <summary>
/// Looks at the levels in the section <c>Logging</c>: a wrong one is refused with its place, and a remedy.
/// </summary>
internal static class LoggingSettings
{
    public const string Section = "Logging";

    private const string Levels = "LogLevel";

    public static void Check(SectionReader reader)
    {
        foreach (var source in reader.Sources.All)
        {
            foreach (var member in SettingSources.Members(source, Section))
            {
                var path = $"{Section}:{member}";
                var isAllOfThem = member.Equals(Levels, StringComparison.OrdinalIgnoreCase);
                if (!isAllOfThem && Names.Nearest(member, [Levels]) is not null)
                {
                    reader.Problem(
                        $"{SettingSources.Place(source, path)}: there is no such setting, did you mean '{Levels}'?");
                }
                Check(reader, source, isAllOfThem ? path : $"{path}:{Levels}");
            }
        }
    }

    private static void Check(SectionReader reader, IConfigurationProvider source, string path)
    {
        foreach (var category in SettingSources.Members(source, path))
        {
            source.TryGet($"{path}:{category}", out var level);
            if (!string.IsNullOrEmpty(level) && !Enum.TryParse<LogLevel>(level, ignoreCase: true, out _))
            {
                var words = Enum.GetNames<LogLevel>();
                var place = SettingSources.Place(source, $"{path}:{category}");
                var meant = Names.Nearest(level, words) is { } nearest ? $", did you mean '{nearest}'?" : ".";
                reader.Problem(
                    $"{place} is '{Names.Shorten(level)}'{meant} There are {string.Join(", ", words)}.");
            }
        }
    }
}
