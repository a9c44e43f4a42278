using System.Collections.Immutable;

namespace AgentGrid.Core.Tests.Arrows;

/// <summary>Which rooms and which packages each room may use: a table of Markdown, a row a room.</summary>
internal sealed class RoomTable
{
    private readonly Dictionary<string, Row> _rows;

    /// <param name="text">
    /// <c>| room | rooms | packages |</c>, names separated by commas; <c>Orleans.*</c> is every package that begins so.
    /// </param>
    public RoomTable(string text) => _rows = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(2)
        .Select(line => line.Split('|'))
        .ToDictionary(cells => cells[1].Trim(), cells => new Row(Names(cells[2]), Names(cells[3])), StringComparer.Ordinal);

    /// <summary>The rooms that a room may use, those of these included.</summary>
    public IReadOnlySet<string> Reach(string room)
    {
        var reach = new SortedSet<string>(StringComparer.Ordinal);
        Add(room);
        return reach;

        void Add(string from)
        {
            foreach (var next in _rows[from].Rooms.Where(reach.Add).ToList())
            {
                Add(next);
            }
        }
    }

    /// <summary>The rooms that may use a package, by name.</summary>
    public IEnumerable<string> UsersOf(string package) =>
        _rows.Where(r => r.Value.Packages.Any(p => Covers(p, package))).Select(r => r.Key);

    /// <summary>A sentence for everything in which rooms and table differ.</summary>
    public IEnumerable<string> Problems(IReadOnlyCollection<Room> rooms) =>
    [
        .. _rows.Keys.Except(rooms.Select(r => r.Name)).Select(r => $"The table has the room {r}, and there is none."),
        .. rooms.SelectMany(room => _rows.TryGetValue(room.Name, out var row)
            ? Problems(room, row)
            : [$"The room {room.Name} is not in the table."]),
    ];

    private static IEnumerable<string> Problems(Room room, Row row) =>
    [
        .. room.Rooms.Except(row.Rooms).Select(r => $"{room.Name} uses {r}, which the table does not let it."),
        .. row.Rooms.Except(room.Rooms).Select(r => $"The table lets {room.Name} use {r}, and it does not."),
        .. room.Packages.Where(p => !row.Packages.Any(allowed => Covers(allowed, p)))
            .Select(p => $"{room.Name} uses the package {p}, which the table does not let it."),
        .. row.Packages.Where(allowed => !room.Packages.Any(p => Covers(allowed, p)))
            .Select(p => $"The table lets {room.Name} use the package {p}, and it does not."),
        .. room.Friends.Where(f => !f.EndsWith(".Tests", StringComparison.Ordinal))
            .Select(f => $"{room.Name} shows {f} what is internal to it: only projects of tests may see that."),
    ];

    private static bool Covers(string allowed, string package) => allowed.EndsWith('*')
        ? package.StartsWith(allowed[..^1], StringComparison.Ordinal)
        : package == allowed;

    private static ImmutableArray<string> Names(string cell) =>
        [.. cell.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];

    private sealed record Row(ImmutableArray<string> Rooms, ImmutableArray<string> Packages);
}
