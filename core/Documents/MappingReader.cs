using System.Collections.Immutable;
using System.Globalization;

namespace AgentGrid.Core.Documents;

/// <summary>
/// Reads the values of one mapping by key. A value that is not there, or is null, gives null; one that cannot be
/// read gives null too, and a problem at its place.
/// </summary>
public sealed class MappingReader
{
    private static readonly TimeSpan s_shortest = TimeSpan.FromMilliseconds(1);

    private readonly ConfigNode.Mapping? _mapping;
    private readonly ProblemList _problems;

    /// <param name="node">Null, or a null scalar, for a mapping without keys.</param>
    /// <param name="keys">The keys that may be there; null when any may.</param>
    public MappingReader(ConfigNode? node, ProblemList problems, IReadOnlyCollection<string>? keys)
    {
        _problems = problems;
        Place = node?.Place ?? ConfigPlace.Root(null, null, 0, 0);
        _mapping = node as ConfigNode.Mapping;
        if (_mapping is null && node is not (null or ConfigNode.Scalar { Kind: ScalarKind.Null }))
        {
            problems.Add(node.Place, ConfigCodes.WrongType, $"{Who(node)}expected a mapping, got {node.Describe()}.");
        }
        foreach (var entry in Entries.Where(e => keys is not null && !keys.Contains(e.Key)))
        {
            problems.Add(
                entry.Place, ConfigCodes.UnknownKey,
                $"unknown key '{Names.Shorten(entry.Key)}'{problems.Suggest(entry.Key, keys!)}");
        }
    }

    /// <summary>Where the mapping stands, to say what is missing in it.</summary>
    public ConfigPlace Place { get; }

    public ImmutableArray<ConfigNode.Entry> Entries => _mapping?.Entries ?? [];

    /// <summary>The value of a key; null when it is not there or is null.</summary>
    public ConfigNode? this[string key] =>
        _mapping?[key] is { } node and not ConfigNode.Scalar { Kind: ScalarKind.Null } ? node : null;

    public string? Text(string key) => Scalar(key, ScalarKind.Text, "a text")?.Text;

    /// <summary>A text that may refer to secrets.</summary>
    public SecretText? Secret(string key) => Scalar(key, ScalarKind.Text, "a text") is { } scalar ? ReadSecret(scalar) : null;

    /// <summary>A list of texts that may refer to secrets; what is none is left out.</summary>
    public ImmutableArray<SecretText>? Secrets(string key)
    {
        if (this[key] is not { } node)
        {
            return null;
        }
        if (node is not ConfigNode.Sequence list)
        {
            ReportType(node, "a list of texts", ScalarKind.Text);
            return null;
        }
        return [.. list.Items.Select(i => TextOf(i, "a text")).OfType<ConfigNode.Scalar>().Select(ReadSecret).OfType<SecretText>()];
    }

    /// <summary>A mapping of keys to texts that may refer to secrets; what is none is left out.</summary>
    public ImmutableSortedDictionary<string, SecretText>? SecretsByKey(string key)
    {
        if (this[key] is not { } node)
        {
            return null;
        }
        var texts = ImmutableSortedDictionary.CreateBuilder<string, SecretText>(StringComparer.Ordinal);
        foreach (var entry in new MappingReader(node, _problems, null).Entries)
        {
            if (TextOf(entry.Value, "a text") is { } scalar && ReadSecret(scalar) is { } text)
            {
                texts[entry.Key] = text;
            }
        }
        return texts.ToImmutable();
    }

    public bool? Flag(string key) =>
        Scalar(key, ScalarKind.Flag, "true or false") is { Text: var text } ? text == "true" : null;

    public string? Name(string key, string what) => this[key] is { } node ? ReadName(node, what) : null;

    /// <summary>A name, or a list of different names; what is none is left out.</summary>
    public ImmutableArray<string>? NameList(string key, string what)
    {
        switch (this[key])
        {
            case null:
                return null;
            case ConfigNode.Sequence list:
                var names = ImmutableArray.CreateBuilder<string>(list.Items.Length);
                var seen = new HashSet<string>(StringComparer.Ordinal);
                foreach (var item in list.Items)
                {
                    if (ReadName(item, what) is not { } name)
                    {
                        continue;
                    }
                    if (seen.Add(name))
                    {
                        names.Add(name);
                        continue;
                    }
                    _problems.Add(item.Place, ConfigCodes.DuplicateEntry, $"'{key}' lists '{name}' twice.");
                }
                return names.ToImmutable();
            case var node:
                return ReadName(node, what) is { } single ? [single] : [];
        }
    }

    /// <summary>A text, or a list of different texts; what is none is left out.</summary>
    public ImmutableArray<string>? TextList(string key, string what)
    {
        if (this[key] is not { } node)
        {
            return null;
        }
        var texts = ImmutableArray.CreateBuilder<string>();
        foreach (var item in node is ConfigNode.Sequence list ? list.Items : [node])
        {
            if (TextOf(item, what) is not { } text)
            {
                continue;
            }
            if (texts.Contains(text.Text))
            {
                _problems.Add(item.Place, ConfigCodes.DuplicateEntry, $"'{key}' lists '{Names.Shorten(text.Text)}' twice.");
                continue;
            }
            texts.Add(text.Text);
        }
        return texts.ToImmutable();
    }

    /// <param name="zero">Whether 0s is allowed.</param>
    public TimeSpan? Duration(string key, bool zero = false)
    {
        if (this[key] is not { } node)
        {
            return null;
        }
        if (node is not ConfigNode.Scalar { Kind: ScalarKind.Text or ScalarKind.Number } scalar)
        {
            ReportType(node, "a duration such as 15s", ScalarKind.Text);
            return null;
        }
        if (DurationText.Parse(scalar.Text, out var problem) is not { } duration)
        {
            _problems.Add(node.Place, ConfigCodes.BadDuration, $"'{key}': {problem}");
            return null;
        }
        if (duration < s_shortest && !(zero && duration == TimeSpan.Zero))
        {
            var least = zero ? "0s, or at least 1ms" : "at least 1ms";
            return OutOfRange<TimeSpan>(node, $"'{key}' must be {least}, not {scalar.Text}.");
        }
        return duration;
    }

    public int? Integer(string key, int min, int max) => (int?)Long(key, min, max);

    public long? Long(string key, long min, long max)
    {
        if (Scalar(key, ScalarKind.Number, "a whole number") is not { } scalar)
        {
            return null;
        }
        if (scalar.Text.AsSpan().ContainsAny(".eE"))
        {
            ReportType(scalar, "a whole number", ScalarKind.Number);
            return null;
        }
        return long.TryParse(scalar.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            && value >= min && value <= max
            ? value
            : OutOfRange<long>(scalar, $"'{key}' must be {min} to {max}, not {Names.Shorten(scalar.Text)}.");
    }

    public double? Number(string key, double min, double max)
    {
        if (Scalar(key, ScalarKind.Number, "a number") is not { } scalar)
        {
            return null;
        }
        return double.TryParse(scalar.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            && value >= min && value <= max
            ? value
            : OutOfRange<double>(scalar, FormattableString.Invariant(
                $"'{key}' must be {min} to {max}, not {Names.Shorten(scalar.Text)}."));
    }

    /// <summary>One of a few words.</summary>
    public T? Word<T>(string key, IReadOnlyDictionary<string, T> words)
        where T : struct
    {
        if (Scalar(key, ScalarKind.Text, string.Join(", ", words.Keys.Order(StringComparer.Ordinal))) is not { } scalar)
        {
            return null;
        }
        if (words.TryGetValue(scalar.Text, out var value))
        {
            return value;
        }
        _problems.Add(
            scalar.Place, ConfigCodes.UnknownWord,
            $"'{key}' cannot be '{Names.Shorten(scalar.Text)}'{_problems.Suggest(scalar.Text, [.. words.Keys])}");
        return null;
    }

    private SecretText? ReadSecret(ConfigNode.Scalar scalar)
    {
        var text = SecretText.Parse(scalar.Text, out var problem);
        if (text is null)
        {
            _problems.Add(scalar.Place, ConfigCodes.BadReference, problem!);
        }
        return text;
    }

    private ConfigNode.Scalar? TextOf(ConfigNode node, string expected)
    {
        if (node is ConfigNode.Scalar { Kind: ScalarKind.Text } scalar)
        {
            return scalar;
        }
        ReportType(node, expected, ScalarKind.Text);
        return null;
    }

    private ConfigNode.Scalar? Scalar(string key, ScalarKind kind, string expected)
    {
        if (this[key] is not { } node)
        {
            return null;
        }
        if (node is ConfigNode.Scalar scalar && scalar.Kind == kind)
        {
            return scalar;
        }
        ReportType(node, expected, kind);
        return null;
    }

    private string? ReadName(ConfigNode node, string what)
    {
        if (node is not ConfigNode.Scalar { Kind: ScalarKind.Text } scalar)
        {
            ReportType(node, $"a {what}", ScalarKind.Text);
            return null;
        }
        if (Names.IsValid(scalar.Text))
        {
            return scalar.Text;
        }
        _problems.Add(node.Place, ConfigCodes.BadName, Names.Problem(what, scalar.Text));
        return null;
    }

    private T? OutOfRange<T>(ConfigNode node, string message)
        where T : struct
    {
        _problems.Add(node.Place, ConfigCodes.OutOfRange, message);
        return null;
    }

    private void ReportType(ConfigNode node, string expected, ScalarKind kind)
    {
        var remedy = (kind, node) switch
        {
            (ScalarKind.Text, ConfigNode.Scalar { Kind: ScalarKind.Flag or ScalarKind.Number }) =>
                " Put it in quotes.",
            (_, ConfigNode.Scalar { Kind: ScalarKind.Text } text) when YamlScalar.Resolve(text.Text)?.Kind == kind =>
                " Remove the quotes.",
            _ => "",
        };
        _problems.Add(
            node.Place, ConfigCodes.WrongType, $"{Who(node)}expected {expected}, got {node.Describe()}.{remedy}");
    }

    private static string Who(ConfigNode node) => node.Place.Name.Length == 0 ? "" : $"'{node.Place.Name}': ";
}
