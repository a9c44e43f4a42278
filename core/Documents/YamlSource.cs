using System.Collections.Immutable;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace AgentGrid.Core.Documents;

/// <summary>
/// Reads YAML text into <see cref="ConfigNode"/>s. Aliases are written out, within limits that make a small file
/// unable to become a large tree.
/// </summary>
public sealed class YamlSource
{
    internal const int MaxDepth = 64;
    internal const int MaxNodes = 1_000_000;

    private const string StringTag = "tag:yaml.org,2002:str";

    private readonly ConfigFile _file;
    private readonly ProblemList _problems;
    private readonly Scanner _scanner;
    private readonly Parser _parser;
    private readonly Dictionary<string, ConfigNode> _anchors = new(StringComparer.Ordinal);
    private int _nodes;

    private YamlSource(ConfigFile file, ProblemList problems)
    {
        (_file, _problems) = (file, problems);
        _scanner = new Scanner(new StringReader(file.Text.TrimStart('\uFEFF')));
        _parser = new Parser(_scanner);
    }

    /// <summary>The document of a file; null when it has none, or cannot be read and a problem says why.</summary>
    public static ConfigNode? Read(ConfigFile file, ProblemList problems)
    {
        var source = new YamlSource(file, problems);
        try
        {
            return source.ReadStream();
        }
        catch (Refusal refusal)
        {
            source.Report(refusal.Start, refusal.Code, refusal.Message);
        }
        catch (YamlException e)
        {
            source.ReportSyntax(e.Start, e.Message);
        }
        return null;
    }

    private ConfigNode? ReadStream()
    {
        Next();
        if (Next() is StreamEnd)
        {
            return null;
        }
        var first = Next();
        var root = ReadNode(first, ConfigPlace.Root(_file.Name, null, Line(first.Start), Column(first.Start)), 0);
        Next();
        if (Next() is DocumentStart second)
        {
            Report(second.Start, ConfigCodes.Unsupported, "a second document begins here: put it in another file.");
        }
        return root;
    }

    private ConfigNode ReadNode(ParsingEvent e, ConfigPlace place, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new Refusal(e.Start, ConfigCodes.TooLarge, $"nested more than {MaxDepth} levels deep.");
        }
        if (e is AnchorAlias alias)
        {
            return _anchors.TryGetValue(alias.Value.Value, out var anchored)
                ? Copy(anchored, place, depth, e.Start)
                : throw new Refusal(e.Start, ConfigCodes.Syntax, $"there is no anchor '&{alias.Value.Value}' before this.");
        }
        Count(e.Start);
        ConfigNode node = e switch
        {
            MappingStart => ReadMapping(place, depth),
            SequenceStart => ReadSequence(place, depth),
            YamlDotNet.Core.Events.Scalar scalar => ReadScalar(scalar, place),
            _ => throw new Refusal(e.Start, ConfigCodes.Syntax, "a value is expected here."),
        };
        if (e is NodeEvent { Anchor.IsEmpty: false } named)
        {
            _anchors[named.Anchor.Value] = node;
        }
        CheckTag((NodeEvent)e);
        return node;
    }

    private ConfigNode.Mapping ReadMapping(ConfigPlace place, int depth)
    {
        var entries = ImmutableArray.CreateBuilder<ConfigNode.Entry>();
        var seen = new Dictionary<string, ConfigPlace>(StringComparer.Ordinal);
        for (var e = Next(); e is not MappingEnd; e = Next())
        {
            if (e is not YamlDotNet.Core.Events.Scalar { Value: var key })
            {
                throw new Refusal(e.Start, ConfigCodes.Unsupported, "a key must be a plain word or a quoted text.");
            }
            var keyPlace = place.Key(key, Line(e.Start), Column(e.Start));
            CheckText(key, keyPlace);
            var next = Next();
            var value = ReadNode(next, place.Key(key, Line(next.Start), Column(next.Start)), depth + 1);
            if (key == "<<")
            {
                _problems.Add(
                    keyPlace, ConfigCodes.Unsupported, "merge keys ('<<') are not supported: write the keys out.");
            }
            else if (!seen.TryAdd(key, keyPlace))
            {
                _problems.Add(
                    keyPlace, ConfigCodes.DuplicateKey,
                    $"duplicate key '{Names.Shorten(key)}': it is already at line {seen[key].Line}.");
            }
            else
            {
                entries.Add(new ConfigNode.Entry(key, keyPlace, value));
            }
        }
        return new ConfigNode.Mapping(place, entries.ToImmutable());
    }

    private ConfigNode.Sequence ReadSequence(ConfigPlace place, int depth)
    {
        var items = ImmutableArray.CreateBuilder<ConfigNode>();
        for (var e = Next(); e is not SequenceEnd; e = Next())
        {
            items.Add(ReadNode(e, place.Item(items.Count, Line(e.Start), Column(e.Start)), depth + 1));
        }
        return new ConfigNode.Sequence(place, items.ToImmutable());
    }

    private ConfigNode.Scalar ReadScalar(YamlDotNet.Core.Events.Scalar scalar, ConfigPlace place)
    {
        CheckText(scalar.Value, place);
        if (scalar.Style != ScalarStyle.Plain || !scalar.Tag.IsEmpty)
        {
            return new ConfigNode.Scalar(place, ScalarKind.Text, scalar.Value);
        }
        if (YamlScalar.Resolve(scalar.Value) is { } resolved)
        {
            return new ConfigNode.Scalar(place, resolved.Kind, resolved.Text);
        }
        _problems.Add(
            place, ConfigCodes.WrongType, $"JSON has no number '{scalar.Value}': use a finite number, or quote it.");
        return new ConfigNode.Scalar(place, ScalarKind.Text, scalar.Value);
    }

    /// <summary>What an alias stands for, with paths of its own.</summary>
    private ConfigNode Copy(ConfigNode node, ConfigPlace place, int depth, Mark alias)
    {
        if (depth > MaxDepth)
        {
            throw new Refusal(alias, ConfigCodes.TooLarge, $"nested more than {MaxDepth} levels deep by its aliases.");
        }
        Count(alias);
        return node switch
        {
            ConfigNode.Mapping mapping => new ConfigNode.Mapping(place, [.. mapping.Entries.Select(e =>
                e with { Place = Under(e.Place), Value = Copy(e.Value, Under(e.Value.Place), depth + 1, alias) })]),
            ConfigNode.Sequence list => new ConfigNode.Sequence(place, [.. list.Items.Select((item, i) =>
                Copy(item, place.Item(i, item.Place.Line, item.Place.Column), depth + 1, alias))]),
            ConfigNode.Scalar scalar => new ConfigNode.Scalar(place, scalar.Kind, scalar.Text),
            _ => throw new InvalidOperationException($"{node.GetType().Name} is not a kind of node."),
        };

        ConfigPlace Under(ConfigPlace original) => place.Key(original.Name, original.Line, original.Column);
    }

    private void Count(Mark mark)
    {
        if (++_nodes > MaxNodes)
        {
            throw new Refusal(
                mark, ConfigCodes.TooLarge, $"more than {MaxNodes:N0} values, counting what aliases stand for.");
        }
    }

    private void CheckTag(NodeEvent e)
    {
        if (!e.Tag.IsEmpty && e.Tag.Value is not ("!" or StringTag))
        {
            Report(e.Start, ConfigCodes.Unsupported, $"the tag '{Names.Shorten(e.Tag.Value)}' is not supported.");
        }
    }

    private void CheckText(string text, ConfigPlace place)
    {
        if (!UnicodeText.IsValid(text))
        {
            _problems.Add(place, ConfigCodes.BadText, UnicodeText.Problem);
        }
    }

    private ParsingEvent Next()
    {
        try
        {
            if (_parser.MoveNext())
            {
                return _parser.Current!;
            }
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or FormatException)
        {
            // The library lets these escape on some broken texts, an unclosed bracket among them.
            throw BrokenOff();
        }
        throw BrokenOff();
    }

    private Refusal BrokenOff() => new(
        _scanner.CurrentPosition, ConfigCodes.Syntax,
        "not valid YAML: the text ends early; is a bracket or a quote not closed?");

    private void ReportSyntax(Mark at, string message)
    {
        // The library notices a tab later than people do, and places it where the block began.
        var aboutSpace = message.Contains("tab", StringComparison.Ordinal)
            || message.Contains("cannot start any token", StringComparison.Ordinal);
        if (aboutSpace && FindTab(Line(at)) is { } tab)
        {
            _problems.Add(
                ConfigPlace.Root(_file.Name, null, tab.Line, tab.Column), ConfigCodes.Syntax,
                "not valid YAML: there is a tab in the indentation; use spaces.");
            return;
        }
        Report(at, ConfigCodes.Syntax, $"not valid YAML: {message}");
    }

    private (int Line, int Column)? FindTab(int fromLine)
    {
        var lines = _file.Text.Split('\n');
        for (var i = Math.Max(0, fromLine - 1); i < lines.Length; i++)
        {
            var indent = lines[i].AsSpan().IndexOfAnyExcept(' ', '\t');
            if (indent > 0 && lines[i].AsSpan(0, indent).IndexOf('\t') is >= 0 and var tab)
            {
                return (i + 1, tab + 1);
            }
        }
        return null;
    }

    private void Report(Mark at, string code, string message) =>
        _problems.Add(ConfigPlace.Root(_file.Name, null, Line(at), Column(at)), code, message);

    private static int Line(Mark mark) => (int)mark.Line;

    private static int Column(Mark mark) => (int)mark.Column;

    /// <summary>Ends the reading of a document that is well formed, and still not wanted.</summary>
    private sealed class Refusal(Mark at, string code, string message) : YamlException(at, at, message)
    {
        public string Code { get; } = code;
    }
}
