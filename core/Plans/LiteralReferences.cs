using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Plans;

/// <summary>
/// Warns of <c>${...}</c> and <c>{{...}}</c> in a literal <c>input</c>: in many other systems they stand for a value, here the
/// agent gets them as they are. A warning, as they can be somebody's prompt.
/// </summary>
internal static class LiteralReferences
{
    private static readonly (string Begin, string End)[] s_marks = [("${", "}"), ("{{", "}}")];

    public static void Warn(string step, ConfigNode.Mapping input, ProblemList problems)
    {
        foreach (var member in input.Entries)
        {
            Look(step, member.Key, member.Value, problems);
        }
    }

    private static void Look(string step, string member, ConfigNode node, ProblemList problems)
    {
        switch (node)
        {
            case ConfigNode.Mapping mapping:
                foreach (var entry in mapping.Entries)
                {
                    Look(step, member, entry.Value, problems);
                }
                break;
            case ConfigNode.Sequence list:
                foreach (var item in list.Items)
                {
                    Look(step, member, item, problems);
                }
                break;
            case ConfigNode.Scalar { Kind: ScalarKind.Text } text when Reference(text.Text) is { } reference:
                var name = Names.Shorten(member);
                problems.Warn(
                    text.Place, ConfigCodes.LiteralReference,
                    $"step '{Names.Shorten(step)}': the agent gets '{Names.Shorten(reference)}' as written, because 'input' is " +
                    $"literal. For a value, write under 'with': {name}: input.text, or {name}: {{ text: \"... {{{{ input.text }}}} ...\" }}.");
                break;
        }
    }

    private static string? Reference(string text)
    {
        foreach (var (begin, end) in s_marks)
        {
            var from = text.IndexOf(begin, StringComparison.Ordinal);
            var to = from < 0 ? -1 : text.IndexOf(end, from + begin.Length, StringComparison.Ordinal);
            if (to > from + begin.Length)
            {
                return text[from..(to + end.Length)];
            }
        }
        return null;
    }
}
