using AgentGrid.Api.Requests;
using AgentGrid.Core.Feed;

namespace AgentGrid.Api.Feed;

/// <summary>Reads which events a client wants.</summary>
internal static class FeedQueries
{
    /// <summary>Of a WebSocket; without <c>after</c> it is live only.</summary>
    public static FeedQuery Read(QueryReader query) => new(
        query.Seq("after"), query.Text("match_id"), query.Text("stage"), query.RunId("run_id"));
}
