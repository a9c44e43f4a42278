#if !REDIS_ALONE
using AgentGrid.Silo.OneSilo;
#endif

namespace AgentGrid.Silo.Modes;

/// <summary>The modes that this program was built with.</summary>
internal static class SiloModes
{
    /// <summary>With Redis: a member of a cluster.</summary>
    public static ISiloMode Cluster { get; } = new RedisMode();

    /// <summary>
    /// Without Redis: all of a cluster in one process, over a file. Null in a program that was built with
    /// <c>-p:Store=redis</c>, so that it has no SQLite beside it.
    /// </summary>
    public static ISiloMode? OneSilo { get; } =
#if REDIS_ALONE
        null;
#else
        new OneSiloMode();
#endif
}
