namespace AgentGrid.GrainClient.Connections;

/// <summary>
/// How long a client waits for silos. The defaults are for those that die; where they cannot, as when they are in the
/// same process, whoever is late is merely slow, and it is right to wait longer.
/// </summary>
internal sealed record CallTimes
{
    /// <summary>For one silo in the same process: who is late is slow, and is not asked twice.</summary>
    public static CallTimes OfOneSilo { get; } = new() { LongestTry = TimeSpan.FromSeconds(8.5) };

    /// <summary>A killed silo costs two seconds, a frozen one six; and then it must have been noticed here.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(8.5);

    /// <summary>A client is told of a dead silo by nothing but silence: after so long of it, it asks again.</summary>
    public TimeSpan LongestTry { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <summary>Whoever asks for the health wants to know it now.</summary>
    public TimeSpan LongestHealth { get; init; } = TimeSpan.FromSeconds(1.5);
}
