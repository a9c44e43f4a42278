using System.Globalization;
using AgentGrid.Cluster.Tests.Histories;
using AgentGrid.Cluster.Tests.Processes;

namespace AgentGrid.Cluster.Tests.Partitions;

/// <summary>
/// The promises, while the network between silos, api and Redis is cut, slow and lossy, by schedules that are drawn from a
/// seed. <c>AGENTGRID_PARTITION_SEEDS</c> says how many (<c>200</c>) or which (<c>17..17</c>),
/// <c>AGENTGRID_PARTITION_REPLICAS</c> the setting <c>Replicas</c>.
/// </summary>
[Trait("Lane", "Alone")]
[Collection(nameof(KilledMembersTests))]
public sealed class PartitionsTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Schedules_OfASeed_KeepEveryPromise(bool clocksApart)
    {
        Assert.SkipWhen(Network.Unavailable is not null, Network.Unavailable ?? "");
        Assert.SkipWhen(clocksApart && Clocks.Library is null, "Clocks apart need libfaketime.");
        var failures = new List<string>();
        var seeds = new Queue<int>(Seeds(clocksApart));
        while (seeds.Count > 0)
        {
            await PlayAsync(seeds, clocksApart, failures);
        }
        Assert.True(failures.Count == 0, string.Join("\n\n", failures));
    }

    // With one cluster, until a seed fails or Redis has lost something: the next one begins with processes that are not to blame.
    private static async Task PlayAsync(Queue<int> seeds, bool clocksApart, List<string> failures)
    {
        await using var cluster = await PartitionedCluster.StartAsync(seeds.Peek(), clocksApart);
        var api = cluster[PartitionedCluster.Api].Url;
        await using var first = new FeedReader(api);
        await using var second = new FeedReader(api);
        while (seeds.TryDequeue(out var seed))
        {
            using var schedule = new Schedule(cluster, [first, second], seed);
            var problem = await TryAsync(schedule);
            Console.WriteLine($"{(clocksApart ? "clocks apart, " : "")}{schedule.Figures}");
            foreach (var allowed in schedule.Allowed.GroupBy(a => a.Rule))
            {
                Console.WriteLine($"  by the promotion, {allowed.Count()} of '{allowed.Key}', as {allowed.First().What}");
            }
            if (problem.Length > 0)
            {
                Console.WriteLine($"  FAILED: {problem}");
                failures.Add($"seed {seed}, {string.Join(", ", schedule.Faults)}:\n{problem}\n{schedule.Output()}");
            }
            if (problem.Length > 0 || schedule.Allowed.Count > 0)
            {
                return;
            }
        }
    }

    private static async Task<string> TryAsync(Schedule schedule)
    {
        try
        {
            return string.Join('\n', await schedule.PlayAsync());
        }
        catch (Exception e)
        {
            return $"{e}";
        }
    }

    private static IEnumerable<int> Seeds(bool clocksApart)
    {
        var told = Environment.GetEnvironmentVariable("AGENTGRID_PARTITION_SEEDS");
        if (told?.Split("..") is [var first, var last])
        {
            var from = int.Parse(first, CultureInfo.InvariantCulture);
            return Enumerable.Range(from, int.Parse(last, CultureInfo.InvariantCulture) - from + 1);
        }
        if (told is not null)
        {
            return Enumerable.Range(0, int.Parse(told, CultureInfo.InvariantCulture));
        }
        // What a promotion loses is measured by hand.
        return clocksApart ? [(int)FaultKind.FromSilos] : [(int)FaultKind.DispatcherFromAll];
    }
}
