namespace AgentGrid.Core.Runs;

/// <summary>Why a run ended without a result, in one line for lists; its details have the whole of it.</summary>
public static class RunReason
{
    /// <summary>How many UTF-16 units it has at most.</summary>
    public const int MaxLength = 200;

    /// <summary>
    /// Of a failed run the code and the message of its error; of a cancelled one the reason that was given. Null for
    /// all others.
    /// </summary>
    public static string? Of(RunState state) => state.Status switch
    {
        RunStatus.Failed when state.Error is { } error => OneLine($"{error.Code}: {error.Message}"),
        RunStatus.Cancelled when state.CancelReason is { } reason => OneLine(reason),
        _ => null,
    };

    /// <summary>The text without line breaks and other control characters, cut where it is too long.</summary>
    internal static string OneLine(string text)
    {
        var kept = text.Length;
        if (kept > MaxLength)
        {
            // Half of a surrogate pair is no character.
            kept = MaxLength - (char.IsHighSurrogate(text[MaxLength - 2]) ? 2 : 1);
        }
        return string.Create(kept < text.Length ? kept + 1 : kept, (text, kept), static (line, from) =>
        {
            for (var i = 0; i < from.kept; i++)
            {
                var c = from.text[i];
                line[i] = char.IsControl(c) || c is '\u2028' or '\u2029' ? ' ' : c;
            }
            line[from.kept..].Fill('…');
        });
    }
}
