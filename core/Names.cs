namespace AgentGrid.Core;

/// <summary>The rule for the names of agents, capabilities, queues, plans and steps.</summary>
public static class Names
{
    public const int MaxLength = 100;

    /// <summary>1 to 100 letters, digits, '_', '-' and '.'; the first a letter or a digit.</summary>
    public static bool IsValid(string? name) => name is { Length: > 0 and <= MaxLength }
        && char.IsAsciiLetterOrDigit(name[0])
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');

    public static string Problem(string what, string? name) =>
        $"'{Shorten(name)}' is not a valid {what}: use 1 to {MaxLength} letters, digits, '_', '-' and '.', " +
        "beginning with a letter or a digit.";

    /// <summary>The text, cut so that a message which quotes it stays readable.</summary>
    public static string Shorten(string? text, int length = 60) =>
        text is null ? "" : text.Length <= length ? text : $"{text[..length]}...";

    /// <summary>The text without its middle where it is too long: what matters in a trace is at one of its ends.</summary>
    public static string LeaveOutMiddle(string text, int length)
    {
        const string mark = "\n...\n";
        if (text.Length <= length)
        {
            return text;
        }
        var (end, start) = ((length - mark.Length) / 2, text.Length - (length - mark.Length) / 2);
        end -= char.IsHighSurrogate(text[end - 1]) ? 1 : 0;
        start += char.IsLowSurrogate(text[start]) ? 1 : 0;
        return $"{text.AsSpan(0, end)}{mark}{text.AsSpan(start)}";
    }

    /// <summary>The word nearest to <paramref name="word"/>, if one is near enough to be what was meant.</summary>
    /// <param name="most">How many mistakes it may have; by default one for three letters, and one at least.</param>
    public static string? Nearest(string word, IEnumerable<string> known, int? most = null)
    {
        var limit = most ?? Math.Max(1, word.Length / 3);
        return word.Length > MaxLength
            ? null
            : known.Select(k => (Word: k, Distance: Distance(word, k)))
                .Where(x => x.Distance <= limit)
                .OrderBy(x => x.Distance).ThenBy(x => x.Word, StringComparer.Ordinal)
                .Select(x => x.Word).FirstOrDefault();
    }

    // Levenshtein with transpositions (optimal string alignment), the measure that compilers use for suggestions.
    private static int Distance(string a, string b)
    {
        var rows = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            rows[i, 0] = i;
        }
        for (var j = 0; j <= b.Length; j++)
        {
            rows[0, j] = j;
        }
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1;
                var best = Math.Min(Math.Min(rows[i - 1, j] + 1, rows[i, j - 1] + 1), rows[i - 1, j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    best = Math.Min(best, rows[i - 2, j - 2] + 1);
                }
                rows[i, j] = best;
            }
        }
        return rows[a.Length, b.Length];
    }
}
