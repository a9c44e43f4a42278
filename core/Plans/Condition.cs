using System.Collections.Immutable;
using System.Text.Json;

namespace AgentGrid.Core.Plans;

/// <summary>
/// A condition on earlier results: <c>perception.threat &gt;= 0.5 and not input.dry_run</c>. Comparisons
/// (== != &lt; &lt;= &gt; &gt;=) of paths and literals (numbers, 'strings', true, false, null), a path alone (true when
/// it is there and is not false, null, 0, "", [] or {}), joined by <c>not</c>, <c>and</c>, <c>or</c> and parentheses;
/// <c>not</c> binds strongest and <c>or</c> weakest. Numbers compare with numbers and strings with strings
/// (ordinal); an ordering of anything else is false. What is not there equals <c>null</c>.
/// </summary>
public sealed class Condition
{
    private readonly ConditionTerm _term;

    private Condition(string text, ImmutableArray<ValuePath> paths, ConditionTerm term) =>
        (Text, Paths, _term) = (text, paths, term);

    public string Text { get; }

    /// <summary>Every path that it reads.</summary>
    public ImmutableArray<ValuePath> Paths { get; }

    /// <summary>Parses a condition; null, with a problem that says where, when the text is not one.</summary>
    public static Condition? Parse(string text, out string? problem)
    {
        var parser = new ConditionParser(text);
        var term = parser.Parse(out problem);
        return term is null ? null : new Condition(text.Trim(), [.. parser.Paths.Distinct()], term);
    }

    /// <param name="root">Gives the value of a root; null when it has none.</param>
    public bool Evaluate(Func<string, Json?> root) => _term.Holds(root);

    public override string ToString() => Text;
}
