using System.Collections.Immutable;

namespace AgentGrid.Core.Documents;

/// <summary>
/// Collects problems, and apart from them warnings. Beyond <see cref="Limit"/> they are only counted, so that garbage stays
/// cheap.
/// </summary>
public sealed class ProblemList
{
    public const int Limit = 200;

    private readonly List<ConfigProblem> _problems = [];
    private readonly List<ConfigProblem> _warnings = [];
    private int _warningCount;

    // What may be spent on finding suggestions, in letters compared: hostile input has many long names.
    private long _suggestionBudget = 20_000_000;

    /// <summary>How many problems there are, those beyond the limit included.</summary>
    public int Count { get; private set; }

    public bool IsFull => Count >= Limit;

    /// <summary>What is warned of, in the order of the places; it refuses nothing.</summary>
    public ImmutableArray<ConfigProblem> Warnings => Listed(_warnings, _warningCount, "warnings");

    public void Add(ConfigPlace place, string code, string message) => Add(_problems, Count++, place, code, message);

    /// <summary>Adds what is allowed, and most likely not what was meant.</summary>
    public void Warn(ConfigPlace place, string code, string message) =>
        Add(_warnings, _warningCount++, place, code, message);

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
            <= 24 => $"; known: {string.Join(", ", known.Order(StringComparer.Ordinal))}.",
            _ => ".",
        };
    }

    /// <summary>The problems in the order of their places.</summary>
    public ImmutableArray<ConfigProblem> ToImmutable() => Listed(_problems, Count, "problems");

    private static void Add(List<ConfigProblem> list, int before, ConfigPlace place, string code, string message)
    {
        if (before < Limit)
        {
            list.Add(new ConfigProblem(place.File, place.Line, place.Column, place.Path, code, message));
        }
    }

    private static ImmutableArray<ConfigProblem> Listed(List<ConfigProblem> list, int count, string what)
    {
        var sorted = list
            .OrderBy(p => p.File, StringComparer.Ordinal).ThenBy(p => p.Line).ThenBy(p => p.Column)
            .ToImmutableArray();
        return count <= Limit
            ? sorted
            : sorted.Add(new ConfigProblem(
                null, 0, 0, "", ConfigCodes.MoreProblems, $"and {count - Limit} more {what}, which are not listed."));
    }
}
