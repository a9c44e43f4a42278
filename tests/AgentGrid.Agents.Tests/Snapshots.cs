using AgentGrid.Core;

namespace AgentGrid.Agents.Tests;

internal static class Snapshots
{
    /// <summary>The quick start's request.</summary>
    public const string QuickStart = """
        {"match_id": "match_123", "round": "round_4", "grid_snapshot": {"players": [
          {"id":"p1","role":"entry","peek_events":[{"time":1},{"time":2},{"time":2.5}]},
          {"id":"p2","role":"support","peek_events":[]}]}}
        """;

    private static readonly string[] Roles = ["entry", "support", "awper", "lurker", "igl", "anchor", "pilot"];

    /// <summary>
    /// A request with up to ten players who peek up to twelve times, some early, some late in the round.
    /// </summary>
    public static string Random(int seed)
    {
        var random = new Random(seed);
        var players = Enumerable.Range(0, random.Next(0, 11)).Select(i =>
        {
            var time = random.Next(3) switch { 0 => 0, 1 => random.NextDouble() * 5, _ => random.NextDouble() * 90 };
            var peeks = Enumerable.Range(0, random.Next(0, 13)).Select(_ =>
            {
                var peek = new { time };
                time += random.NextDouble() * random.Next(1, 4);
                return peek;
            });
            return new { id = $"p{i}", role = Roles[random.Next(Roles.Length)], peek_events = peeks.ToArray() };
        });
        return Json.From(new { grid_snapshot = new { players = players.ToArray() } }).ToString();
    }

    public static string WithPeeks(params double[] times) => Json.From(new
    {
        grid_snapshot = new
        {
            players = new[] { new { id = "p1", role = "entry", peek_events = times.Select(time => new { time }) } },
        },
    }).ToString();
}
