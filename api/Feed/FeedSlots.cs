using AgentGrid.Api.Problems;

namespace AgentGrid.Api.Feed;

/// <summary>How many feeds are open, WebSockets and event streams together.</summary>
internal sealed class FeedSlots(ApiOptions options)
{
    private int _open;

    public int Open => Volatile.Read(ref _open);

    /// <summary>True when there is room for one more; then <see cref="Leave"/> must follow.</summary>
    public bool TryEnter()
    {
        if (Interlocked.Increment(ref _open) <= options.MaxWebSocketClients)
        {
            return true;
        }
        Leave();
        return false;
    }

    public void Leave() => Interlocked.Decrement(ref _open);

    public ApiProblem Refusal() => new(503, ApiCode.TooManyFeeds,
        $"{options.MaxWebSocketClients} feeds are open, which is the limit (AgentGrid:MaxWebSocketClients). " +
        "Close one, or try again later.")
    {
        RetryAfter = TimeSpan.FromSeconds(5),
    };
}
