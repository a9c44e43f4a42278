namespace AgentGrid.Cluster.Tests.Partitions;

internal enum FaultKind
{
    /// <summary>A silo is cut off from both Redis.</summary>
    FromRedis,

    /// <summary>Nothing of a silo arrives at Redis; what comes from there arrives.</summary>
    ToRedis,

    /// <summary>Nothing of Redis arrives at a silo.</summary>
    OfRedis,

    /// <summary>A silo is cut off from the others, and reaches Redis and the api.</summary>
    FromSilos,

    /// <summary>Nothing of a silo arrives at the others.</summary>
    ToSilos,

    /// <summary>Nothing of a silo arrives at one other.</summary>
    ToOneSilo,

    /// <summary>A silo is cut off from everything.</summary>
    FromAll,

    /// <summary>The silo with the dispatcher is cut off from the others.</summary>
    DispatcherFromSilos,

    /// <summary>The silo with the dispatcher is cut off from everything.</summary>
    DispatcherFromAll,

    /// <summary>The api is cut off from Redis.</summary>
    ApiFromRedis,

    /// <summary>The api is cut off from one silo.</summary>
    ApiFromSilo,

    /// <summary>All ways of a silo are slow.</summary>
    Slow,

    /// <summary>All ways of a silo lose packets.</summary>
    Lossy,

    /// <summary>The Redis that takes writes is cut off from everything; longer than the Sentinels wait, and its replica is promoted.</summary>
    PrimaryFromAll,

    /// <summary>The same, but one silo still reaches it, and its Sentinel.</summary>
    PrimaryWithOneSilo,
}
