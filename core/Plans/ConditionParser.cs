using System.Text.Json;
using System.Text.RegularExpressions;

namespace AgentGrid.Core.Plans;

/// <summary>
/// Parses conditions by recursive descent: <c>any = all {or all}</c>, <c>all = not {and not}</c>,
/// <c>not = 'not' not | '(' any ')' | operand [comparer operand]</c>.
/// </summary>
internal sealed partial class ConditionParser(string text)
{
    public const int MaxDepth = 50;

    private static readonly (string Text, Comparer Comparer)[] s_comparers =
    [
        ("==", Comparer.Equal),
        ("!=", Comparer.NotEqual),
        ("<=", Comparer.LessOrEqual),
        (">=", Comparer.GreaterOrEqual),
        ("<", Comparer.Less),
        (">", Comparer.Greater),
    ];

    // What people write out of habit, and what is meant by it here.
    private static readonly (string Text, string Meant)[] s_habits =
        [("&&", "and"), ("||", "or"), ("=", "=="), ("!", "not")];

    private readonly TextScanner _scanner = new(text);

    public List<ValuePath> Paths { get; } = [];

    /// <summary>A word that cannot begin a path unless it is quoted.</summary>
    public static bool IsReserved(string word) =>
        word is "and" or "or" or "not" or "true" or "false" or "null" || Number().Match(word).Length == word.Length;

    public ConditionTerm? Parse(out string? problem)
    {
        var term = ReadAny(0);
        _scanner.SkipWhiteSpace();
        if (term is not null && !_scanner.AtEnd)
        {
            Unexpected("'and', 'or' or the end");
        }
        problem = _scanner.Problem;
        return problem is null ? term : null;
    }

    private ConditionTerm? ReadAny(int depth)
    {
        var terms = ReadJoined("or", () => ReadAll(depth));
        return terms is [var single] ? single : terms is null ? null : new ConditionTerm.Any([.. terms]);
    }

    private ConditionTerm? ReadAll(int depth)
    {
        var terms = ReadJoined("and", () => ReadNot(depth));
        return terms is [var single] ? single : terms is null ? null : new ConditionTerm.All([.. terms]);
    }

    private List<ConditionTerm>? ReadJoined(string word, Func<ConditionTerm?> read)
    {
        List<ConditionTerm> terms = [];
        do
        {
            if (read() is not { } term)
            {
                return null;
            }
            terms.Add(term);
        }
        while (TakeWord(word));
        return terms;
    }

    private ConditionTerm? ReadNot(int depth)
    {
        if (depth > MaxDepth)
        {
            _scanner.Fail($"nested more than {MaxDepth} levels deep");
            return null;
        }
        if (TakeWord("not"))
        {
            return ReadNot(depth + 1) is { } term ? new ConditionTerm.Not(term) : null;
        }
        _scanner.SkipWhiteSpace();
        if (!_scanner.TakeIf('('))
        {
            return ReadComparison();
        }
        var inner = ReadAny(depth + 1);
        _scanner.SkipWhiteSpace();
        if (inner is not null && !_scanner.TakeIf(')'))
        {
            Unexpected("')'");
        }
        return inner;
    }

    private ConditionTerm? ReadComparison()
    {
        if (ReadOperand() is not { } left)
        {
            return null;
        }
        if (TakeComparer() is not { } comparer)
        {
            return new ConditionTerm.Truth(left);
        }
        if (ReadOperand() is not { } right)
        {
            return null;
        }
        if (TakeComparer() is not null)
        {
            _scanner.Fail("comparisons cannot be chained; join two of them with 'and'");
        }
        return new ConditionTerm.Comparison(left, comparer, right);
    }

    private ConditionOperand? ReadOperand()
    {
        _scanner.SkipWhiteSpace();
        if (_scanner.Next is '\'' or '"')
        {
            return _scanner.TakeQuoted() is { } quoted
                ? new ConditionOperand(null, JsonSerializer.SerializeToElement(quoted))
                : null;
        }
        var number = Number().Match(_scanner.Text, _scanner.Position);
        if (number.Success && !GoesOn(_scanner.Peek(number.Length)))
        {
            _scanner.Skip(number.Length);
            return new ConditionOperand(null, JsonElement.Parse(number.Value));
        }
        foreach (var literal in (ReadOnlySpan<string>)["true", "false", "null"])
        {
            if (TakeWord(literal))
            {
                return new ConditionOperand(null, JsonElement.Parse(literal));
            }
        }
        if (IsWord("and") || IsWord("or") || IsWord("not")
            || (_scanner.Next != '[' && !TextScanner.IsNameStart(_scanner.Next)))
        {
            Unexpected("a path, a number, a 'text', true, false or null");
            return null;
        }
        if (ValuePath.Read(_scanner) is not { } path)
        {
            return null;
        }
        Paths.Add(path);
        return new ConditionOperand(path, default);
    }

    private Comparer? TakeComparer()
    {
        _scanner.SkipWhiteSpace();
        foreach (var (symbol, comparer) in s_comparers)
        {
            if (string.CompareOrdinal(_scanner.Text, _scanner.Position, symbol, 0, symbol.Length) == 0)
            {
                _scanner.Skip(symbol.Length);
                return comparer;
            }
        }
        return null;
    }

    private bool TakeWord(string word)
    {
        _scanner.SkipWhiteSpace();
        if (!IsWord(word))
        {
            return false;
        }
        _scanner.Skip(word.Length);
        return true;
    }

    private bool IsWord(string word) =>
        string.CompareOrdinal(_scanner.Text, _scanner.Position, word, 0, word.Length) == 0
        && !GoesOn(_scanner.Peek(word.Length));

    /// <summary>Whether a character after a word makes it a longer word, or a path.</summary>
    private static bool GoesOn(char c) => TextScanner.IsNamePart(c) || c is '.' or '[';

    private void Unexpected(string expected)
    {
        var habit = s_habits.FirstOrDefault(h =>
            string.CompareOrdinal(_scanner.Text, _scanner.Position, h.Text, 0, h.Text.Length) == 0);
        _scanner.Fail(habit.Text is null
            ? $"expected {expected}, got {_scanner.Describe()}"
            : $"write '{habit.Meant}' instead of '{habit.Text}'");
    }

    [GeneratedRegex(@"\G-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")]
    private static partial Regex Number();
}
