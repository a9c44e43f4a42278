using AgentGrid.Engine.Artifacts;
using AgentGrid.Engine.Store;
using AgentGrid.GrainClient.Connections;
using AgentGrid.Grains.Dispatch;
using AgentGrid.RunLog;
using AgentGrid.RunLog.Connections;
using Microsoft.Extensions.Logging.Abstractions;

[assembly: AssemblyFixture(typeof(SharedRedis))]

namespace AgentGrid.Cluster.Tests.Hosting;

/// <summary>
/// Times for silos that share this process with the test: none of them dies alone, and when one is late, the machine
/// stood still. What is done without somebody who is late is tested with processes, and with clocks that are set.
/// </summary>
internal static class OneProcess
{
    private static readonly TimeSpan s_longerThanAnyPause = TimeSpan.FromSeconds(10);

    public static DispatchTimes Dispatch { get; } = new()
    {
        Silence = s_longerThanAnyPause,
        OnItsWay = s_longerThanAnyPause,
        LongestOnItsWay = 3 * s_longerThanAnyPause,
        // A turn waits for it, and whoever has asked for the turn waits for that: it must be over before they ask again.
        LongestLoads = s_longerThanAnyPause / 4,
        LongestDescription = s_longerThanAnyPause,
    };

    /// <summary>The way to a log in the tests' Redis.</summary>
    public static RedisAccess AccessTo(RedisRunLog log) =>
        new(SharedRedis.Address, log, TimeProvider.System, NullLogger<RedisAccess>.Instance);

    /// <summary>Removes artifacts that nobody needs, however new they are.</summary>
    public static Task SweepAsync(IArtifactStore artifacts, IRunStore runs) => new ArtifactSweeper(
        artifacts, async run => (await runs.FindAsync(run))?.Summary, async run => await runs.ReplayAsync(run),
        TimeProvider.System, NullLogger.Instance)
    {
        Grace = TimeSpan.Zero,
        Unfinished = TimeSpan.Zero,
    }.SweepAsync(CancellationToken.None);

    public static CallTimes Calls { get; } = new()
    {
        Patience = 3 * s_longerThanAnyPause,
        LongestTry = s_longerThanAnyPause,
        LongestHealth = s_longerThanAnyPause,
    };
}
