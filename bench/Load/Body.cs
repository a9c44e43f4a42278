namespace AgentGrid.Bench.Load;

/// <summary>What is posted: a snapshot of two players, 250 bytes.</summary>
internal static class Body
{
    public static string Of(string matchId) =>
        $$"""{"match_id":"{{matchId}}","round":"1","grid_snapshot":{"players":[""" +
        """{"id":"p0","role":"entry","peek_events":[{"time":1.5},{"time":3.25}]},""" +
        """{"id":"p1","role":"support","peek_events":[{"time":2.5},{"time":4.25}]}]}}""";
}
