using System.Collections.Immutable;

namespace AgentGrid.Core.Documents;

/// <summary>Collects problems. Beyond <see cref="Limit"/> they are only counted, so that garbage stays cheap.</summary>
public sealed class ProblemList
{
    public const int Limit = 200;

    private readonly List<ConfigProblem> _problems = [];

    // What may be spent on finding suggestions, in letters compared: hostile input has many long names.
    private long _suggestionBudget = 20_000_000;

    /// <summary>How many there are, those beyond the limit included.</summary>
    public int Count { get; private set; }

    public bool IsFull => Count >= Limit;

    public void Add(ConfigPlace place, string code, string message)
    {
        if (!IsFull)
        {
            _problems.Add(new ConfigProblem(place.File, place.Line, place.Column, place.Path, code, message));
        }
        Count++;
    }

    /// <summary>The end of a message about an unknown word: <c>, did you mean 'x'?</c>, or the known words.</summary>
    public string Suggest(string word, IReadOnlyCollection<string> known)
    {
        if (IsFull)
        {
            return "";
        }
        _suggestionBudget -= known.Sum(k => (long)k.Length) * Math.Min(word.Length, Names.MaxLength);
        if (_suggestionBudget >= 0 && Names.Nearest(word, known) is { } nearest)
        {
            return $", did you mean '{nearest}'?";
        }
        return known.Count switch
        {
            0 => "; there are none.",
            <= 20 => $"; known: {string.Join(", ", known.Order(StringComparer.Ordinal))}.",
            _ => ".",
        };
    }

    /// <summary>The problems in the order of their places.</summary>
    public ImmutableArray<ConfigProblem> ToImmutable()
    {
        var sorted = _problems
            .OrderBy(p => p.File, StringComparer.Ordinal).ThenBy(p => p.Line).ThenBy(p => p.Column)
            .ToImmutableArray();
        return Count <= Limit
            ? sorted
            : sorted.Add(new ConfigProblem(
                null, 0, 0, "", ConfigCodes.MoreProblems, $"and {Count - Limit} more problems, which are not listed."));
    }
}
