using System.Globalization;
using StackExchange.Redis;

namespace AgentGrid.Streams;

/// <summary>
/// The id of an entry, <c>milliseconds-number</c>, as the one number that tokens of Orleans have: 43 bits and 20 bits.
/// Ids that Redis makes fit for two centuries.
/// </summary>
internal static class EntryPosition
{
    private const int NumberBits = 20;
    private const long MostNumber = (1L << NumberBits) - 1;
    private const long MostMilliseconds = long.MaxValue >> NumberBits;

    /// <returns>Whether it fits: it is no id, or one that somebody made up and that is too large.</returns>
    public static bool TryParse(RedisValue id, out long position)
    {
        var text = (string?)id ?? "";
        var dash = text.IndexOf('-');
        if (dash > 0
            && long.TryParse(text.AsSpan(0, dash), NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds)
            && long.TryParse(text.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && milliseconds <= MostMilliseconds && number <= MostNumber)
        {
            position = (milliseconds << NumberBits) | number;
            return true;
        }
        position = 0;
        return false;
    }

    public static string Format(long position) => string.Create(
        CultureInfo.InvariantCulture, $"{position >> NumberBits}-{position & MostNumber}");
}
