
namespace AgentGrid.Core;

/// <summary>
/// What a run is idempotent by: the same key starts one run, however often it is posted. Both parts are 1 to
/// <see cref="MaxLength"/> characters without control characters and without lone surrogates.
/// </summary>
public readonly record struct RunKey(string MatchId, string Round)
{
    public const int MaxLength = 200;

    /// <summary>The second part of a key that has been given as one text without a slash.</summary>
    public const string FirstRound = "1";

    /// <summary>
    /// A key that is one text: what is before its last slash, and what is behind it. Without a slash it is the first part, and the
    /// second one is <see cref="FirstRound"/>.
    /// </summary>
    public static RunKey Parse(string text) => text.LastIndexOf('/') is >= 0 and var slash
        ? new RunKey(text[..slash], text[(slash + 1)..])
        : new RunKey(text, FirstRound);

    /// <summary>Says what is wrong with a part of a key; null when nothing is.</summary>
    public static string? Problem(string name, string? value) => value switch
    {
        null or "" => $"'{name}' must not be empty.",
        { Length: > MaxLength } => $"'{name}' has {value.Length} characters; at most {MaxLength} are allowed.",
        _ when value.Any(char.IsControl) => $"'{name}' must not contain control characters.",
        _ when !UnicodeText.IsValid(value) => $"'{name}' contains half of a surrogate pair.",
        _ => null,
    };

    public override string ToString() => $"{MatchId}/{Round}";
}
