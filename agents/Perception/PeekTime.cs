using System.Globalization;
using System.Text.Json;
using AgentGrid.Core;

namespace AgentGrid.Agents.Perception;

/// <summary>Reads the time of one entry of <c>peek_events</c>: <c>{"time": 1.5}</c>, or the bare number.</summary>
internal static class PeekTime
{
    /// <summary>Seconds; null, with a note, when no sensible time can be read.</summary>
    public static double? Read(JsonElement element, string where, NoteLog notes)
    {
        var value = element;
        if (element.ValueKind == JsonValueKind.Object && !element.TryGetProperty("time", out value))
        {
            notes.Add($"{where} has no time: ignored.");
            return null;
        }
        double time;
        if (value.ValueKind == JsonValueKind.Number)
        {
            time = value.GetDouble();
        }
        else if (value.ValueKind == JsonValueKind.String)
        {
            var text = JsonText.Of(value);
            if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out time))
            {
                notes.Add($"{where}: the time '{Names.Shorten(text)}' is not a number of seconds: ignored.");
                return null;
            }
        }
        else
        {
            notes.Add($"{where}: the time is {MatchSnapshot.Kind(value)}, expected a number of seconds: ignored.");
            return null;
        }
        if (time is >= 0 and <= MatchSnapshot.MaxTime)
        {
            if (value.ValueKind == JsonValueKind.String)
            {
                notes.Add($"{where}: the time is a text; read as the number {time}.");
            }
            return time;
        }
        notes.Add($"{where}: the time {time} is not within 0 to {MatchSnapshot.MaxTime} seconds: ignored.");
        return null;
    }
}
