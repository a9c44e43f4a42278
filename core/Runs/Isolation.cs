namespace AgentGrid.Core.Runs;

/// <summary>
/// How an attempt is kept apart, because processes have died while it ran. Nobody can say which of the attempts in a
/// process has ended it. So a first crash has no consequence; those that are in a second one within the same time of their
/// start go on in small groups, and after a third each without any other that is kept apart, until it has outlived what it
/// may have died of. One that ends its process is soon alone with it, and those beside it are not.
/// </summary>
/// <param name="Company">How many attempts that are kept apart may run on its node at once, itself included.</param>
/// <param name="Time">For how long after its start.</param>
public readonly record struct Isolation(int Company, TimeSpan Time)
{
    /// <summary>How many crashes in a row an attempt can be in that runs beside another which has caused them all.</summary>
    public const int MostInCompany = 3;

    private const int Group = 8;
    private static readonly TimeSpan s_shortest = TimeSpan.FromSeconds(10);

    /// <summary>How an attempt is kept apart when it is delivered; null when it is not.</summary>
    public static Isolation? Of(AttemptState attempt) => attempt.Crashes < MostInCompany - 1
        ? null
        : new Isolation(attempt.Crashes < MostInCompany ? Group : 1, TimeOf(attempt.LongestRun));

    /// <summary>What one more crash makes of an attempt.</summary>
    /// <param name="ran">For how long it had run.</param>
    /// <returns>
    /// How many crashes in a row it has been in, and the longest time that it had run in one. One that had run far longer than
    /// in those before has not died of what they died of, and begins anew.
    /// </returns>
    internal static (int Crashes, TimeSpan LongestRun) Crash(AttemptState attempt, TimeSpan ran) =>
        attempt.Crashes == 0 || ran > TimeOf(attempt.LongestRun)
            ? (1, ran)
            : (attempt.Crashes + 1, ran > attempt.LongestRun ? ran : attempt.LongestRun);

    // When a process has died and when that is noticed differ by seconds.
    private static TimeSpan TimeOf(TimeSpan longestRun) => longestRun * 2 > s_shortest ? longestRun * 2 : s_shortest;
}
