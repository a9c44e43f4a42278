using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;
using AgentGrid.Core;
using AgentGrid.Core.Documents;

namespace AgentGrid.Api.Settings;

/// <summary>
/// Reads the settings of the section <c>AgentGrid</c> as people write them: without the blanks around, times with their
/// units, numbers in digits. What cannot be understood gives the default, and a problem that names its place.
/// </summary>
public sealed class SectionReader(IConfiguration configuration)
{
    private readonly List<string> _problems = [];
    private readonly List<SettingInForce> _inForce = [];

    /// <summary>Everything that could not be understood, a sentence each.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>What has been read, in that order.</summary>
    internal IReadOnlyList<SettingInForce> InForce => _inForce;

    internal SettingSources Sources { get; } = new(configuration);

    /// <summary>Notes a problem, as it stands.</summary>
    public void Problem(string problem) => _problems.Add(problem);

    /// <summary>Notes a problem of one setting; it begins with where that was written.</summary>
    /// <param name="problem">What follows the place: <c> is '8'; expected ...</c></param>
    public void Problem(string name, string problem)
    {
        var path = PathOf(name);
        Problem((Sources.Of(path).LastOrDefault() is { } source ? SettingSources.Place(source, path) : path) + problem);
    }

    /// <summary>Notes a value that the reader does not know how to show.</summary>
    internal void Show(string name, string value, string? place) => _inForce.Add(new SettingInForce(name, value, place));

    /// <summary>Whether anybody has set it, to something that can be understood or not.</summary>
    public bool IsSet(string name) => Sources.Of(PathOf(name)).Any();

    /// <summary>Notes every member of a section below that is none of those there are.</summary>
    public void CheckMembers(string section, IReadOnlyList<string> members)
    {
        foreach (var member in Sources.Members(PathOf(section)).Where(m => !members.Contains(m, StringComparer.OrdinalIgnoreCase)))
        {
            var meant = Names.Nearest(member, members) is { } near ? $" Did you mean {near}?" : "";
            Problem($"{section}:{member}", $": there is no such setting.{meant} There are {string.Join(", ", members)}.");
        }
    }

    /// <summary>A text; <paramref name="otherwise"/> where nobody has set it.</summary>
    /// <param name="mayBeEmpty">Whether to be empty means something; otherwise it is a mistake.</param>
    /// <param name="show">What of it may be seen; null for all.</param>
    [return: NotNullIfNotNull(nameof(otherwise))]
    public string? Text(
        string name, string? otherwise = null, bool mayBeEmpty = false, Func<string, string>? show = null)
    {
        var written = Find(name, mayBeEmpty);
        var text = written?.Text ?? otherwise;
        if (text is not null)
        {
            Show(name, show is null ? $"'{text}'" : show(text), written?.Place);
        }
        return text;
    }

    /// <summary>A time with its unit, or as .NET writes it.</summary>
    public TimeSpan Duration(string name, TimeSpan otherwise, TimeSpan least, TimeSpan most) => Value(
        name, otherwise, DurationText.Format, (string text, out string? problem) =>
        {
            var duration = DurationText.Parse(text, out var mistake);
            if (duration >= least && duration <= most)
            {
                problem = null;
                return duration;
            }
            problem = $": {mistake ?? $"'{text}' is out of range."} It can be {DurationText.Format(least)} to " +
                $"{DurationText.Format(most)}.";
            return null;
        });

    /// <summary>A whole number.</summary>
    public int Integer(string name, int otherwise, int least, int most = int.MaxValue) =>
        Integer(name, (int?)otherwise, least, most)!.Value;

    /// <summary>Null where nobody has set it.</summary>
    public int? Integer(string name, int? otherwise, int least, int most) => Number(name, otherwise, least, most);

    /// <summary>A whole number that may be large.</summary>
    public long Integer(string name, long otherwise, long least, long most) =>
        Number(name, (long?)otherwise, least, most)!.Value;

    private T? Number<T>(string name, T? otherwise, T least, T most)
        where T : struct, INumber<T> => Value(
        name, otherwise, n => n.ToString(null, CultureInfo.InvariantCulture), (string text, out string? problem) =>
        {
            problem = null;
            if (T.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                && number >= least && number <= most)
            {
                return number;
            }
            var bytes = name.EndsWith("Bytes", StringComparison.Ordinal);
            problem =
                $" is '{Names.Shorten(text)}'; expected a whole number{(bytes ? " of bytes" : "")} from {least} to " +
                $"{most}, in digits alone{(bytes ? ": 1048576 is 1 MiB" : "")}.";
            return null;
        });

    /// <summary><c>true</c> or <c>false</c>.</summary>
    public bool Flag(string name, bool otherwise) => Value(
        name, otherwise, f => f ? "true" : "false", (string text, out string? problem) =>
        {
            problem = null;
            if (bool.TryParse(text, out var flag))
            {
                return flag;
            }
            problem = $" is '{Names.Shorten(text)}'; expected 'true' or 'false'.";
            return null;
        });

    /// <summary>One of a few words, however it is capitalized.</summary>
    public T Word<T>(string name, T otherwise)
        where T : struct, Enum => Value(name, otherwise, w => $"{w}", (string text, out string? problem) =>
        {
            problem = null;
            var words = Enum.GetNames<T>();
            if (words.FirstOrDefault(w => w.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } word)
            {
                return Enum.Parse<T>(word);
            }
            problem = $" is '{Names.Shorten(text)}'; expected one of {string.Join(", ", words)}.";
            return null;
        });

    /// <summary>
    /// An address of HTTP; null where an empty one is written. It is never quoted: it may have a password.
    /// </summary>
    internal Uri? Address(string name, Uri? otherwise)
    {
        if (Find(name, mayBeEmpty: true) is not { } written)
        {
            return otherwise;
        }
        if (written.Text.Length == 0)
        {
            Show(name, "none", written.Place);
            return null;
        }
        if (!Uri.TryCreate(written.Text, UriKind.Absolute, out var address)
            || address.Scheme is not ("http" or "https"))
        {
            Problem($"{written.Place} is not an address; expected one such as http://localhost:4318.");
            return null;
        }
        var shown = address.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
        Show(name, shown, written.Place);
        return address;
    }

    /// <summary>A list, whose items can come from several sources.</summary>
    public List<string> List(string name)
    {
        var path = PathOf(name);
        var items = new List<string>();
        foreach (var source in Sources.Of(path).Where(s => !SettingSources.HasMembers(s, path)))
        {
            Problem($"{SettingSources.Place(source, path)}: expected a list, written as " +
                $"{SettingSources.ListForm(source, path, "...")}.");
        }
        foreach (var item in Sources.Members(path))
        {
            if (Find($"{name}:{item}") is { } written)
            {
                items.Add(written.Text);
                Show($"{name}:{item}", $"'{written.Text}'", written.Place);
            }
        }
        return items;
    }

    /// <summary>
    /// A list that is written with commas, or as an array; that of the last source counts. Null where there is none.
    /// </summary>
    public List<string>? Commas(string name)
    {
        var path = PathOf(name);
        if (Sources.Of(path).LastOrDefault() is not { } source)
        {
            return null;
        }
        source.TryGet(path, out var text);
        List<string> items = [];
        foreach (var member in SettingSources.Members(source, path))
        {
            if (Find($"{name}:{member}") is { } written)
            {
                items.Add(written.Text);
            }
        }
        items.AddRange(
            (text ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
        Show(name, string.Join(',', items), SettingSources.Place(source, path));
        return items;
    }

    /// <summary>What the last source has that says something; null where none does, or where it is a mistake.</summary>
    internal (string Text, string Place)? Find(string name, bool mayBeEmpty = false)
    {
        var path = PathOf(name);
        if (Sources.Of(path).LastOrDefault() is not { } source)
        {
            return null;
        }
        var place = SettingSources.Place(source, path);
        if (SettingSources.HasMembers(source, path))
        {
            Problem($"{place}: expected one value, got a list or a section.");
            return null;
        }
        source.TryGet(path, out var value);
        var text = value?.Trim() ?? "";
        if (text.Length == 0 && !mayBeEmpty)
        {
            Problem($"{place} is empty: give it a value, or leave it out.");
            return null;
        }
        return (text, place);
    }

    internal static string PathOf(string name) => $"{ApiOptions.Section}:{name}";

    private delegate T? Parse<T>(string text, out string? problem)
        where T : struct;

    private T Value<T>(string name, T otherwise, Func<T, string> show, Parse<T> parse)
        where T : struct => Value(name, (T?)otherwise, show, parse)!.Value;

    private T? Value<T>(string name, T? otherwise, Func<T, string> show, Parse<T> parse)
        where T : struct
    {
        var written = Find(name);
        var value = otherwise;
        if (written is { } found)
        {
            value = parse(found.Text, out var problem) ?? otherwise;
            if (problem is not null)
            {
                Problem(found.Place + problem);
            }
        }
        if (value is { } inForce)
        {
            Show(name, show(inForce), written?.Place);
        }
        return value;
    }
}
