using System.Text.Json.Nodes;

namespace AgentGrid.TestKit;

/// <summary>The request that the README begins with.</summary>
public static class QuickStart
{
    public const string Body = """
        {
          "match_id": "match_123", "round": "round_4",
          "grid_snapshot": {"players": [
            {"id":"p1","role":"entry","peek_events":[{"time":1},{"time":2},{"time":2.5}]},
            {"id":"p2","role":"support","peek_events":[]}]}}
        """;

    public static JsonNode Snapshot => JsonNode.Parse(Body)!["grid_snapshot"]!.DeepClone();
}
