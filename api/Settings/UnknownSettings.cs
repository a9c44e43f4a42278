using AgentGrid.Core;
using Microsoft.Extensions.Configuration.EnvironmentVariables;

namespace AgentGrid.Api.Settings;

/// <summary>
/// Finds what is written and read by nobody. What looks like a setting of access is refused, because its writer
/// believes that it protects something; of everything else a warning says that it does nothing.
/// </summary>
internal static class UnknownSettings
{
    private const string Section = ApiOptions.Section;

    private const string Kestrel = "Kestrel";

    // AgentGird, Agent-Grid, AgentsGrids.
    private const int MistakesInSection = 2;

    // Of what ASP.NET Core reads from variables such as ASPNETCORE_URLS: what people write themselves.
    private static readonly string[] s_hostNames = ["URLS", "HTTP_PORTS", "HTTPS_PORTS", "HTTPS_PORT", "ENVIRONMENT"];

    /// <summary>Refuses what the section has about access, and nobody reads.</summary>
    public static void RefuseAccess(SectionReader reader, SettingNames names) =>
        Refuse(reader, FindInSection(reader.Sources, names));

    /// <summary>Refuses what is about access; returns what else is unknown.</summary>
    public static IReadOnlyList<string> Check(
        SectionReader reader, SettingNames names, EnvironmentSettings environment)
    {
        Unknown[] unknown =
        [
            .. FindInSection(reader.Sources, names), .. FindBesideSection(reader.Sources, names),
            .. environment.Others.Select(v => Misspelt(v, names)).OfType<Unknown>(),
        ];
        Refuse(reader, unknown);
        return [.. unknown.Where(u => !u.IsAccess).Select(u => u.Text).Distinct(StringComparer.Ordinal)];
    }

    private static void Refuse(SectionReader reader, IEnumerable<Unknown> unknown)
    {
        foreach (var access in unknown.Where(u => u.IsAccess))
        {
            reader.Problem(access.Text);
        }
    }

    private static IEnumerable<Unknown> FindInSection(SettingSources sources, SettingNames names)
    {
        foreach (var source in sources.All)
        {
            foreach (var name in SettingSources.Members(source, Section).Where(n => !names.Has(n)))
            {
                var path = SectionReader.PathOf(name);
                var place = SettingSources.Place(source, path);
                if (source is EnvironmentVariablesConfigurationProvider && IsReadElsewhere(place, sources))
                {
                    continue;
                }
                var nearest = names.Nearest(
                    name, source is PlacedSettings ? EnvironmentSettings.ShortNames.AsSpan() : []);
                var meant = nearest is null ? "" : $" Did you mean {SettingSources.Spelling(source, nearest)}?";
                yield return SettingSources.NamesBelow(source, path).Prepend(name).Any(names.IsAboutAccess)
                    ? new(
                        $"{place}: there is no such setting, and it looks like one that controls access.{meant} The " +
                        $"settings of that kind are {string.Join(", ", Access(source, names))}.", IsAccess: true)
                    : new($"{place}: there is no such setting, so it does nothing.{meant}", IsAccess: false);
            }
        }
    }

    private static IEnumerable<string> Access(IConfigurationProvider source, SettingNames names) =>
        (source is PlacedSettings ? names.Access.Insert(0, EnvironmentSettings.KeyName) : names.Access)
            .Select(name => SettingSources.Spelling(source, name));

    // AgentGrid__Data begins like AGENTGRID_DATA, and is read as one of those too.
    private static bool IsReadElsewhere(string variable, SettingSources sources) =>
        variable.StartsWith($"{Section}_", StringComparison.OrdinalIgnoreCase)
        && sources.All.Any(s => s is PlacedSettings);

    // Sections that are called a little differently, and what belongs into the section and stands outside.
    private static IEnumerable<Unknown> FindBesideSection(SettingSources sources, SettingNames names)
    {
        foreach (var source in sources.All)
        {
            var isFile = source is FileConfigurationProvider;
            foreach (var root in SettingSources.Members(source, null))
            {
                var place = SettingSources.Place(source, root);
                var isSection = SettingSources.HasMembers(source, root);
                if (root.Equals(Section, StringComparison.OrdinalIgnoreCase))
                {
                    if (isFile && !isSection && source.TryGet(root, out var text) && !string.IsNullOrEmpty(text))
                    {
                        yield return new($"{place}: expected a section, got a text.", IsAccess: true);
                    }
                }
                else if (isSection && Names.Nearest(root, [Section], MistakesInSection) is not null)
                {
                    yield return new($"{place}: there is no such section, did you mean '{Section}'?", IsAccess: true);
                }
                else if (isSection && NearestSection(root) is { } other)
                {
                    // Where TLS is, a mistake is not to be passed over.
                    yield return new(
                        $"{place}: there is no such section, did you mean '{other}'?", IsAccess: other == Kestrel);
                }
                else if (isFile && (names.Access.Contains(root, StringComparer.OrdinalIgnoreCase)
                    || (!isSection && names.Has(root))))
                {
                    yield return new(
                        $"{place}: it belongs in the section '{Section}', and does nothing here.",
                        names.Access.Contains(root, StringComparer.OrdinalIgnoreCase));
                }
                else if (source is EnvironmentVariablesConfigurationProvider
                    && MeantForHost(place, root) is { } variable)
                {
                    yield return new($"{place} does nothing. Did you mean {variable}?", IsAccess: false);
                }
            }
        }
    }

    private static string? NearestSection(string root) =>
        Array.Exists([Kestrel, LoggingSettings.Section], s => s.Equals(root, StringComparison.OrdinalIgnoreCase))
            ? null
            : Names.Nearest(root, [Kestrel, LoggingSettings.Section]);

    // ASPNETCORE_URL. Variables without a beginning of their own can be anybody's.
    private static string? MeantForHost(string variable, string name)
    {
        var upper = name.ToUpperInvariant();
        var isSomebodys = variable.Length == name.Length || s_hostNames.Contains(upper);
        return !isSomebodys && Names.Nearest(upper, s_hostNames) is { } meant ? variable[..^name.Length] + meant : null;
    }

    // AGENT_GRID_API_KEY_HASH, AGENTGRD_DATA: right but for how they begin.
    private static Unknown? Misspelt(string variable, SettingNames names)
    {
        var bare = variable.Replace("_", "", StringComparison.Ordinal);
        for (var length = Section.Length - 1; length <= Section.Length + 1 && length < bare.Length; length++)
        {
            if (Names.Nearest(bare[..length], [Section], most: 1) is null)
            {
                continue;
            }
            var rest = bare[length..];
            var option = EnvironmentSettings.ShortNames.Concat(names.All)
                .FirstOrDefault(n => n.Equals(rest, StringComparison.OrdinalIgnoreCase));
            // AGENT_GRID_API_KEYS__0__HASH.
            var access = option is null
                ? names.Access.FirstOrDefault(n => rest.StartsWith(n.TrimEnd('s'), StringComparison.OrdinalIgnoreCase))
                : names.IsAboutAccess(option) ? option : null;
            if ((access ?? option) is { } meant)
            {
                return new(
                    $"{variable}: variables of Agent Grid begin with AGENTGRID_, so it does nothing. Did you mean " +
                    $"{EnvironmentSettings.NameOf(meant)}?", IsAccess: access is not null);
            }
        }
        return null;
    }

    private sealed record Unknown(string Text, bool IsAccess);
}
