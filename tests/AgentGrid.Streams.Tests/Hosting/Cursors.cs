using Orleans.Streams;

namespace AgentGrid.Streams.Tests.Hosting;

/// <summary>Moves cursors as the agent of Orleans does.</summary>
internal static class Cursors
{
    /// <summary>What it gives next, in one call; empty when there is nothing. It is taken for delivered when it is asked on.</summary>
    public static T[] Next<T>(this IQueueCacheCursor cursor) =>
        cursor.MoveNextWithResult().Kind == QueueCacheCursorMoveResultKind.Success
            ? [.. cursor.GetCurrent(out _)!.GetEvents<T>().Select(static e => e.Item1)] : [];

    /// <summary>All that it gives, until there is nothing any more.</summary>
    public static List<T> Rest<T>(this IQueueCacheCursor cursor)
    {
        var all = new List<T>();
        while (cursor.Next<T>() is { Length: > 0 } next)
        {
            all.AddRange(next);
        }
        return all;
    }
}
