using System.Globalization;
using AgentGrid.Api.Security;
using AgentGrid.Core;

namespace AgentGrid.Api.Settings;

/// <summary>
/// Reads who may call. Everything in these sections is understood or refused: a key that was to read, and whose scopes
/// are written wrongly, must not be one that may do everything.
/// </summary>
internal sealed class AccessSettings
{
    private const string NameMember = nameof(ApiKeyOptions.Name);
    private const string HashMember = nameof(ApiKeyOptions.Hash);
    private const string ScopesMember = nameof(ApiKeyOptions.Scopes);

    private static readonly string[] s_members = [NameMember, HashMember, ScopesMember];
    private static readonly string s_keys = SectionReader.PathOf(nameof(ApiOptions.ApiKeys));
    private static readonly string s_hosts = SectionReader.PathOf(nameof(ApiOptions.TrustedHosts));

    private readonly SectionReader _reader;
    private readonly SettingSources _sources;

    private AccessSettings(SectionReader reader) => (_reader, _sources) = (reader, reader.Sources);

    /// <summary>The keys that are understood; of the others the reader has the problems.</summary>
    public static List<ApiKeyOptions> ReadKeys(SectionReader reader)
    {
        var settings = new AccessSettings(reader);
        if (!settings.IsList(s_keys, "keys, each with a Name, a Hash and Scopes") || !settings.AreOfOneSource())
        {
            return [];
        }
        var keys = settings._sources.Members(s_keys).Select(settings.ReadKey).OfType<ApiKeyOptions>().ToList();
        foreach (var key in keys)
        {
            var scopes = key.Scopes.Count == 0 ? "every scope" : string.Join(", ", key.Scopes);
            reader.Show($"API key '{key.Name}'", scopes, key.Place);
        }
        return keys;
    }

    /// <summary>The hosts that are trusted; none where one of them is not understood.</summary>
    public static List<string> ReadHosts(SectionReader reader)
    {
        var settings = new AccessSettings(reader);
        var hosts = settings.ReadList(s_hosts, "names of hosts", "console.example:5173");
        var place = settings.PlaceOf(s_hosts);
        var problems = TrustedHost.Problems(hosts).ToList();
        problems.ForEach(problem => reader.Problem($"{place} {problem}"));
        if (problems.Count > 0)
        {
            return [];
        }
        if (hosts.Count > 0)
        {
            reader.Show(nameof(ApiOptions.TrustedHosts), string.Join(' ', hosts), place);
        }
        return hosts;
    }

    private ApiKeyOptions? ReadKey(string id)
    {
        var path = $"{s_keys}:{id}";
        var before = _reader.Problems.Count;
        if (!IsList(path, "a Name, a Hash and Scopes"))
        {
            return null;
        }
        CheckMembers(path);
        var name = ReadName($"{path}:{NameMember}");
        var hash = Find($"{path}:{HashMember}");
        var scopes = ReadList($"{path}:{ScopesMember}", "scopes", "read");
        if (_reader.Problems.Count > before)
        {
            return null;
        }
        var place = PlaceOf(path);
        if (name is null || hash is null)
        {
            _reader.Problem($"{place}: the key has no {(name is null ? NameMember : HashMember)}.");
            return null;
        }
        return new ApiKeyOptions { Name = name, Hash = hash, Scopes = scopes, Place = place };
    }

    private void CheckMembers(string path)
    {
        foreach (var source in _sources.Of(path))
        {
            var unknown = SettingSources.Members(source, path).Except(s_members, StringComparer.OrdinalIgnoreCase);
            foreach (var member in unknown)
            {
                var place = SettingSources.Place(source, $"{path}:{member}");
                var meant = Names.Nearest(member, s_members) is { } nearest ? $", did you mean '{nearest}'?" : ".";
                _reader.Problem(
                    $"{place}: a key has no '{Names.Shorten(member)}'{meant} It has Name, Hash and Scopes.");
            }
        }
    }

    // A hash can be replaced by another source; who replaces a name wants another key.
    private string? ReadName(string path)
    {
        var names = _sources.All.Select(s => s.TryGet(path, out var name) ? name?.Trim() : null).OfType<string>();
        if (names.Distinct(StringComparer.Ordinal).Count() > 1)
        {
            _reader.Problem(
                $"{PlacesOf(path)}: two keys in the same place, with different names. Give each a number, or a word, " +
                "of its own.");
        }
        return Find(path);
    }

    // The numbers of two sources would be mixed: what the second one leaves out would still be there.
    private List<string> ReadList(string path, string what, string example)
    {
        if (!IsList(path, what, example))
        {
            return [];
        }
        var lists = _sources.Of(path).Select(s => Numbered(s, path).SelectMany(i => Flat(s, $"{path}:{i}")).ToArray());
        if (Differ(lists))
        {
            _reader.Problem($"{PlacesOf(path)}: two different lists, which would be mixed item by item. Keep one.");
        }
        return [.. _sources.Members(path).Select(i => Find($"{path}:{i}")).OfType<string>()];
    }

    // The same for keys. But one source may list them, and another one know their hashes.
    private bool AreOfOneSource()
    {
        var listing = _sources.Of(s_keys).Where(s => Numbered(s, s_keys).Any(i => HasMoreThanAHash(s, i))).ToArray();
        if (!Differ(listing.Select(s => Numbered(s, s_keys).SelectMany(i => Flat(s, $"{s_keys}:{i}")).ToArray())))
        {
            return true;
        }
        _reader.Problem(
            $"{string.Join(" and ", listing.Select(s => SettingSources.Place(s, s_keys)).Distinct())}: two different " +
            "lists of keys, which would be mixed number by number. Keep one, or call the keys by words instead.");
        return false;
    }

    private static bool HasMoreThanAHash(IConfigurationProvider source, string id) =>
        SettingSources.Members(source, $"{s_keys}:{id}").Except([HashMember], StringComparer.OrdinalIgnoreCase).Any();

    private static bool Differ<T>(IEnumerable<T[]> lists)
    {
        var written = lists.Where(l => l.Length > 0).ToArray();
        return written.Skip(1).Any(l => !l.SequenceEqual(written[0]));
    }

    private static IEnumerable<(string Path, string? Value)> Flat(IConfigurationProvider source, string path) =>
        SettingSources.Members(source, path).SelectMany(m => Flat(source, $"{path}:{m}"))
            .Append((path.ToUpperInvariant(), source.TryGet(path, out var value) ? value?.Trim() : null));

    private static IEnumerable<string> Numbered(IConfigurationProvider source, string path) =>
        SettingSources.Members(source, path)
            .Where(m => int.TryParse(m, NumberStyles.None, CultureInfo.InvariantCulture, out _));

    // True as well where there is nothing at all.
    private bool IsList(string path, string what, string? example = null)
    {
        var isList = true;
        foreach (var source in _sources.All)
        {
            if (!source.TryGet(path, out var text))
            {
                continue;
            }
            isList = false;
            var remedy = example is null
                ? "One key alone can be given as AGENTGRID_API_KEY_HASH."
                : $"As a list it is written {SettingSources.ListForm(source, path, example)}.";
            _reader.Problem(SettingSources.Place(source, path) + (string.IsNullOrWhiteSpace(text)
                ? $" is empty: leave it out, or list {what}."
                : $": expected {what}, got a text. {remedy}"));
        }
        return isList;
    }

    private string? Find(string path) => _reader.Find(path[(ApiOptions.Section.Length + 1)..])?.Text;

    private string PlaceOf(string path) =>
        _sources.Of(path).Select(s => SettingSources.Place(s, path)).LastOrDefault(path);

    private string PlacesOf(string path) =>
        string.Join(" and ", _sources.Of(path).Select(s => SettingSources.Place(s, path)).Distinct());
}
