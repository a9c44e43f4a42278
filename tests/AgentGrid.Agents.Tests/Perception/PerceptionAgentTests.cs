using System.Text.Json;
using AgentGrid.Agents.Perception;

namespace AgentGrid.Agents.Tests.Perception;

public sealed class PerceptionAgentTests
{
    [Fact]
    public void Invoke_QuickStart_SaysWhoPeeksInWhatRhythm()
    {
        var report = Run(Snapshots.QuickStart);
        var players = report.GetProperty("players");

        Assert.Equal(2, report.GetProperty("player_count").GetInt32());
        Assert.Equal(1, report.GetProperty("peeking").GetInt32());
        Assert.Equal("p1", report.GetProperty("primary_player").GetString());
        Assert.Empty(Notes(report));
        Assert.Equal("entry", players[0].GetProperty("role").GetString());
        Assert.Equal(3, players[0].GetProperty("peek_count").GetInt32());
        Assert.Equal(0.75, players[0].GetProperty("mean_interval").GetDouble());

        // The intervals 1 and 0.5 fall by 0.5, two thirds of their mean; their deviation, 0.25, is a third of it.
        Assert.Equal(0.6667, players[0].GetProperty("acceleration").GetDouble());
        Assert.Equal(0.75, players[0].GetProperty("regularity").GetDouble());
        Assert.Equal("accelerating", players[0].GetProperty("tempo").GetString());
        Assert.Equal(0, players[1].GetProperty("peek_count").GetInt32());
        Assert.Equal(0, players[1].GetProperty("pressure").GetDouble());
    }

    [Theory]
    [InlineData(new double[] { 1 }, "none")]
    [InlineData(new double[] { 1, 2 }, "steady")]
    [InlineData(new double[] { 1, 2, 3, 4 }, "steady")]
    [InlineData(new double[] { 1, 2, 4, 7 }, "slowing")]
    [InlineData(new double[] { 1, 4, 6, 7 }, "accelerating")]
    public void Invoke_Intervals_GiveTheTempo(double[] times, string tempo)
    {
        var player = Run(Snapshots.WithPeeks(times)).GetProperty("players")[0];

        Assert.Equal(tempo, player.GetProperty("tempo").GetString());
    }

    [Fact]
    public void Invoke_MoreAndQuickerPeeks_MorePressure()
    {
        double[] pressures =
        [
            Pressure(), Pressure(1), Pressure(1, 3), Pressure(1, 2), Pressure(1, 2, 3), Pressure(1, 2, 2.5),
        ];

        Assert.Equal(pressures.Order(), pressures);
        Assert.Equal(pressures.Length, pressures.Distinct().Count());
        Assert.All(pressures, p => Assert.InRange(p, 0, 1));

        static double Pressure(params double[] times) =>
            Run(Snapshots.WithPeeks(times)).GetProperty("pressure").GetDouble();
    }

    [Theory]
    [InlineData("""{}""", "grid_snapshot is missing")]
    [InlineData("""{"grid_snapshot": null}""", "grid_snapshot is null")]
    [InlineData("""{"grid_snapshot": [1, 2]}""", "grid_snapshot is a list")]
    [InlineData("""{"grid_snapshot": {}}""", "players is missing")]
    [InlineData("""{"grid_snapshot": {"players": "many"}}""", "players is a text")]
    [InlineData("""{"grid_snapshot": {"players": [null]}}""", "players[0] is null")]
    public void Invoke_NoPlayers_SaysWhy(string posted, string note)
    {
        var report = Run(posted);

        Assert.Equal(0, report.GetProperty("player_count").GetInt32());
        Assert.False(report.TryGetProperty("primary_player", out _));
        Assert.Contains(note, Assert.Single(Notes(report)));
    }

    [Fact]
    public void Invoke_EmptyPlayers_NothingToNote()
    {
        var report = Run("""{"grid_snapshot": {"players": []}}""");

        Assert.Equal(0, report.GetProperty("total_peeks").GetInt32());
        Assert.Equal(0, report.GetProperty("pressure").GetDouble());
        Assert.Empty(Notes(report));
    }

    [Theory]
    [InlineData("""{"time": "2.5"}""", new[] { 1, 2.5 }, "is a text; read as the number 2.5")]
    [InlineData("""{"time": "soon"}""", new[] { 1.0 }, "'soon' is not a number")]
    [InlineData("""{"time": "NaN"}""", new[] { 1.0 }, "NaN is not within")]
    [InlineData("""{"time": 1e999}""", new[] { 1.0 }, "is not within")]
    [InlineData("""{"time": -3}""", new[] { 1.0 }, "-3 is not within")]
    [InlineData("""{"time": 1700000000000}""", new[] { 1.0 }, "is not within")]
    [InlineData("""{"time": null}""", new[] { 1.0 }, "the time is null")]
    [InlineData("""{"time": {"s": 1}}""", new[] { 1.0 }, "the time is an object")]
    [InlineData("""{"at": 2}""", new[] { 1.0 }, "has no time")]
    [InlineData("""null""", new[] { 1.0 }, "the time is null")]
    [InlineData("""{"time": "\ud800"}""", new[] { 1.0 }, "is not a number")]
    [InlineData("""{"time": 1}""", new[] { 1.0 }, "counted once")]
    [InlineData("""{"time": 0.5}""", new[] { 0.5, 1 }, "sorted")]
    public void Invoke_OddPeek_IsNotedAndTheOthersCount(string peek, double[] times, string note)
    {
        var report = Run($$$"""
            {"grid_snapshot": {"players": [{"id": "p1", "role": "entry", "peek_events": [{"time": 1}, {{{peek}}}]}]}}
            """);

        var read = report.GetProperty("players")[0].GetProperty("peek_times");
        Assert.Equal(times, read.EnumerateArray().Select(t => t.GetDouble()));
        Assert.Contains(note, Assert.Single(Notes(report)));
    }

    [Theory]
    [InlineData("""{"role": "entry"}""", "player_1", "has no id")]
    [InlineData("""{"id": {"x": 1}}""", "player_1", "id is an object")]
    [InlineData("""{"id": 17}""", "17", null)]
    [InlineData("""{"id": "\ud800"}""", "\\ud800", null)]
    [InlineData("""{"id": "p2", "role": 3, "peek_events": null}""", "p2", null)]
    [InlineData("""{"id": "p2", "peek_events": "often"}""", "p2", "peek_events is a text")]
    [InlineData("""{"id": "p1"}""", null, "of an earlier player")]
    public void Invoke_OddPlayer_IsNotedAndTheOthersCount(string player, string? id, string? note)
    {
        var report = Run($$$"""
            {"grid_snapshot": {"players": [{"id": "p1", "role": "entry", "peek_events": [{"time": 1}]}, {{{player}}}]}}
            """);
        var ids = report.GetProperty("players").EnumerateArray().Select(p => p.GetProperty("id").GetString());

        Assert.Equal(id is null ? ["p1"] : ["p1", id], ids);
        Assert.Equal(note is null, Notes(report).Length == 0);
        Assert.True(note is null || Notes(report).Any(n => n.Contains(note)), report.ToString());
    }

    [Fact]
    public void Invoke_LongId_IsCutBetweenCharacters()
    {
        var id = new string('x', 99) + "\U0001F600" + new string('y', 1_000_000);
        var report = Run($$$"""{"grid_snapshot": {"players": [{"id": "{{{id}}}"}]}}""");

        Assert.Equal(new string('x', 99), report.GetProperty("players")[0].GetProperty("id").GetString());
        Assert.Contains("cut to 100", Assert.Single(Notes(report)));
    }

    [Fact]
    public void Invoke_ThousandsOfOddPlayers_ListsAFewAndKeepsTheNotesShort()
    {
        var players = string.Join(',', Enumerable.Range(0, 5_000).Select(i =>
            $$$"""{"id": "p{{{i}}}", "role": 1, "peek_events": [{"time": {{{i % 100}}}}, {"time": "x"}]}"""));
        var report = Run($$$"""{"grid_snapshot": {"players": [{{{players}}}]}}""");

        Assert.Equal(5_000, report.GetProperty("player_count").GetInt32());
        Assert.Equal(5_000, report.GetProperty("total_peeks").GetInt32());
        Assert.Equal(PerceptionAnalysis.MaxPlayers, report.GetProperty("players").GetArrayLength());
        Assert.Equal("And 4980 more.", Notes(report)[^2]);
        Assert.InRange(report.GetProperty("pressure").GetDouble(), 0.99, 1);
    }

    [Fact]
    public void Invoke_ThousandsOfPeeks_KeepsTheFirst()
    {
        var report = Run(Snapshots.WithPeeks([.. Enumerable.Range(0, 3_000).Select(i => i * 0.5)]));

        Assert.Equal(1_000, report.GetProperty("total_peeks").GetInt32());
        Assert.Contains("after the first 1000", Assert.Single(Notes(report)));
    }

    private static JsonElement Run(string posted) => Invocations.Run(new PerceptionAgent(), posted).Element;

    private static string[] Notes(JsonElement report) =>
        [.. report.GetProperty("notes").EnumerateArray().Select(n => n.GetString()!)];
}
