using System.Globalization;

namespace AgentGrid.Streams;

/// <summary>
/// Where one queue is kept. Whoever appends by a script of his own needs <see cref="Stream"/> alone: from it,
/// <see cref="AppendScript"/> derives what else it needs.
/// </summary>
/// <param name="Stream">The stream in Redis.</param>
public sealed record QueueKeys(string Stream)
{
    /// <summary>There while the receiver sleeps. Whoever appends takes it away, and then wakes the receiver.</summary>
    public string Sleeping => $"{Stream}:sleeping";

    /// <summary>The channel that wakes the receiver.</summary>
    public string News => $"{Stream}:news";

    /// <summary>The id of the last entry that every subscriber has been given.</summary>
    public string Checkpoint => $"{Stream}:checkpoint";

    /// <param name="prefix"><see cref="RedisStreamOptions.KeyPrefix"/>.</param>
    /// <param name="queue">From 0.</param>
    public static QueueKeys Of(string prefix, string provider, uint queue) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{prefix}:{provider}:{queue}"));
}
