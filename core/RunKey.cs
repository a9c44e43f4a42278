
namespace AgentGrid.Core;

/// <summary>
/// What a run is idempotent by: the same key starts one run, however often it is posted. Both parts are 1 to
/// <see cref="MaxLength"/> characters without control characters and without lone surrogates.
/// </summary>
public readonly record struct RunKey(string MatchId, string Round)
{
    public const int MaxLength = 200;

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
