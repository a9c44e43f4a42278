using System.Collections.Immutable;
using System.Text.Json;
using AgentGrid.Core.Agents;

namespace AgentGrid.Agents.Perception;

/// <summary>What could be read of a <c>grid_snapshot</c>, and what could not.</summary>
/// <param name="Players">In the order in which they were posted.</param>
/// <param name="Notes">What was ignored or mended, the first <see cref="NoteLog.Limit"/> of it.</param>
internal sealed record MatchSnapshot(ImmutableArray<PlayerSnapshot> Players, ImmutableArray<string> Notes)
{
    /// <summary>More peeks of one player than this are ignored, with a note.</summary>
    public const int MaxPeeks = 1_000;

    /// <summary>The latest time that can be meant: a day, in seconds.</summary>
    public const double MaxTime = 86_400;

    private const int MaxText = 100;

    /// <summary>
    /// Reads <c>grid_snapshot</c> of an agent's input. Never fails: what makes no sense is noted and left out.
    /// </summary>
    public static MatchSnapshot Read(AgentInvocation invocation)
    {
        var notes = new NoteLog();
        var players = ImmutableArray.CreateBuilder<PlayerSnapshot>();
        if (invocation.Member("grid_snapshot") is not { } snapshot)
        {
            notes.Add("grid_snapshot is missing: no players are known.");
        }
        else if (snapshot.ValueKind != JsonValueKind.Object)
        {
            notes.Add($"grid_snapshot is {Kind(snapshot)}, expected an object: no players are known.");
        }
        else if (!snapshot.TryGetProperty("players", out var list))
        {
            notes.Add("grid_snapshot.players is missing: no players are known.");
        }
        else if (list.ValueKind != JsonValueKind.Array)
        {
            notes.Add($"grid_snapshot.players is {Kind(list)}, expected a list: no players are known.");
        }
        else
        {
            ReadPlayers(list, players, notes);
        }
        return new MatchSnapshot(players.ToImmutable(), notes.ToImmutable());
    }

    private static void ReadPlayers(
        JsonElement list, ImmutableArray<PlayerSnapshot>.Builder players, NoteLog notes)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var index = -1;
        foreach (var element in list.EnumerateArray())
        {
            index++;
            var where = $"players[{index}]";
            if (element.ValueKind != JsonValueKind.Object)
            {
                notes.Add($"{where} is {Kind(element)}, expected an object: ignored.");
                continue;
            }
            var id = ReadText(element, "id", where, notes);
            if (id is null)
            {
                id = $"player_{index}";
                notes.Add($"{where} has no id: called '{id}'.");
            }
            if (!seen.Add(id))
            {
                notes.Add($"{where} has the id '{id}' of an earlier player: ignored.");
                continue;
            }
            var role = ReadText(element, "role", where, notes)?.ToLowerInvariant() ?? "unknown";
            players.Add(new PlayerSnapshot(id, role, ReadPeeks(element, where, notes)));
        }
    }

    private static ImmutableArray<double> ReadPeeks(JsonElement player, string where, NoteLog notes)
    {
        if (!player.TryGetProperty("peek_events", out var events) || events.ValueKind == JsonValueKind.Null)
        {
            return [];
        }
        if (events.ValueKind != JsonValueKind.Array)
        {
            notes.Add($"{where}.peek_events is {Kind(events)}, expected a list: ignored.");
            return [];
        }
        var times = new List<double>();
        var index = -1;
        foreach (var element in events.EnumerateArray())
        {
            index++;
            if (PeekTime.Read(element, $"{where}.peek_events[{index}]", notes) is { } time)
            {
                times.Add(time);
            }
        }
        var sorted = times.Order().ToList();
        if (!sorted.SequenceEqual(times))
        {
            notes.Add($"{where}.peek_events are not in the order of their times: sorted.");
        }
        var distinct = sorted.Distinct().ToList();
        if (distinct.Count < sorted.Count)
        {
            notes.Add($"{where}.peek_events has {sorted.Count - distinct.Count} times twice: counted once.");
        }
        if (distinct.Count > MaxPeeks)
        {
            notes.Add($"{where}.peek_events has {distinct.Count} times: those after the first {MaxPeeks} are ignored.");
        }
        return [.. distinct.Take(MaxPeeks)];
    }

    private static string? ReadText(JsonElement player, string name, string where, NoteLog notes)
    {
        if (!player.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }
        if (value.ValueKind == JsonValueKind.Number)
        {
            return value.GetRawText();
        }
        if (value.ValueKind != JsonValueKind.String)
        {
            notes.Add($"{where}.{name} is {Kind(value)}, expected a text: ignored.");
            return null;
        }
        var text = JsonText.Of(value).Trim();
        if (text.Length <= MaxText)
        {
            return text.Length == 0 ? null : text;
        }
        notes.Add($"{where}.{name} has {text.Length} characters: cut to {MaxText}.");
        return text[..(char.IsHighSurrogate(text[MaxText - 1]) ? MaxText - 1 : MaxText)];
    }

    internal static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };
}
