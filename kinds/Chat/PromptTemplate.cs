using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;
using AgentGrid.Kinds.Http;

namespace AgentGrid.Kinds.Chat;

/// <summary>
/// A text with values of the input in it: <c>Summarize {{ input.text }}</c>. Texts stand there as they are, other values as
/// JSON. <c>{{{{</c> stands for <c>{{</c>.
/// </summary>
internal sealed class PromptTemplate
{
    private const string Begin = "{{";
    private const string End = "}}";

    /// <summary>The input as JSON.</summary>
    public static readonly PromptTemplate WholeInput = new([InputPath.Whole]);

    private readonly ImmutableArray<object> _parts; // a string, or an InputPath

    private PromptTemplate(ImmutableArray<object> parts) => _parts = parts;

    /// <summary>Reads the value of a key; null when it is not there, and when it is no template.</summary>
    public static PromptTemplate? Read(MappingReader agent, string key, ProblemList problems)
    {
        if (agent.Text(key) is not { } text)
        {
            return null;
        }
        var place = agent[key]!.Place;
        var parts = ImmutableArray.CreateBuilder<object>();
        var at = 0;
        while (text.IndexOf(Begin, at, StringComparison.Ordinal) is >= 0 and var begin)
        {
            parts.Add(text[at..begin]);
            at = begin + Begin.Length;
            if (text.AsSpan(at).StartsWith(Begin))
            {
                parts.Add(Begin);
                at += Begin.Length;
                continue;
            }
            var end = text.IndexOf(End, at, StringComparison.Ordinal);
            if (end < 0)
            {
                problems.Add(
                    place, ConfigCodes.BadPath,
                    $"'{key}': '{Names.Shorten(text[begin..])}' is not closed: write {{{{ input.name }}}}, or {{{{{{{{ for {{{{ itself.");
                return null;
            }
            if (InputPath.Parse(text[at..end].Trim(), $"'{key}'", place, problems) is not { } path)
            {
                return null;
            }
            parts.Add(path);
            at = end + End.Length;
        }
        parts.Add(text[at..]);
        return new PromptTemplate(parts.ToImmutable());
    }

    /// <summary>The text with the values of an input.</summary>
    /// <exception cref="AgentException">The input does not have one of them.</exception>
    public string Fill(Json input)
    {
        var text = new StringBuilder();
        foreach (var part in _parts)
        {
            if (part is InputPath path)
            {
                text.Append(TextOf(path, input));
            }
            else
            {
                text.Append((string)part);
            }
        }
        return text.ToString();
    }

    private static string TextOf(InputPath path, Json input)
    {
        var value = path.Find(input);
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
        }
        catch (InvalidOperationException e)
        {
            throw new AgentException(HttpErrors.BadInput, $"'{path.Text}' of the input is not Unicode.", retryable: false, e);
        }
    }
}
