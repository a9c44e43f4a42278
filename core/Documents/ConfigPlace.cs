using System.Globalization;
using System.Text;

namespace AgentGrid.Core.Documents;

/// <summary>Where something stands: file, line and column for people, and the path from the document's root.</summary>
public sealed class ConfigPlace
{
    private readonly ConfigPlace? _parent;
    private readonly string? _key;
    private readonly int _index;

    private ConfigPlace(string? file, ConfigPlace? parent, string? key, int index, int line, int column)
    {
        (File, Line, Column) = (file, line, column);
        (_parent, _key, _index) = (parent, key, index);
    }

    public string? File { get; }
    public int Line { get; }
    public int Column { get; }

    /// <summary>The key that leads here; empty where it is not a key that does.</summary>
    public string Name => _parent is null ? "" : _key ?? "";

    /// <summary>Composed when it is asked for: almost no place is ever named.</summary>
    public string Path
    {
        get
        {
            var path = new StringBuilder();
            AppendTo(path);
            return path.ToString();
        }
    }

    /// <param name="path">What paths begin with; null for nothing.</param>
    public static ConfigPlace Root(string? file, string? path, int line, int column) =>
        new(file, null, path, 0, line, column);

    public ConfigPlace Key(string key, int line = 0, int column = 0) => new(File, this, key, 0, line, column);

    public ConfigPlace Item(int index, int line = 0, int column = 0) => new(File, this, null, index, line, column);

    public override string ToString() =>
        File is null ? Path : string.Create(CultureInfo.InvariantCulture, $"{File}({Line},{Column})");

    private void AppendTo(StringBuilder path)
    {
        _parent?.AppendTo(path);
        if (_parent is null)
        {
            path.Append(_key);
        }
        else if (_key is null)
        {
            path.Append(CultureInfo.InvariantCulture, $"[{_index}]");
        }
        else if (_key.Length > 0 && _key.All(c => char.IsLetterOrDigit(c) || c is '_' or '-'))
        {
            path.Append(path.Length > 0 ? "." : "").Append(Names.Shorten(_key));
        }
        else
        {
            path.Append(CultureInfo.InvariantCulture, $"[\"{Names.Shorten(_key)}\"]");
        }
    }
}
