using System.Diagnostics;

namespace AgentGrid.Engine.Tests.Simulation;

/// <summary>Replay one seed with <c>AGENTGRID_SEED=123</c>; run more with <c>AGENTGRID_SEEDS=100000</c>.</summary>
public sealed class ClusterSimulationTests(ITestOutputHelper output)
{
    private const int MostLines = 80;

    // Where those that hide were found: these seeds are tried first, and all others where they find it no more.
    private static readonly Dictionary<Mistake, int> s_found = new()
    {
        [Mistake.TakesRetriesOfOthers] = 446,
        [Mistake.ForgetsRefusals] = 943,
        [Mistake.KeepsNobodyApart] = 332,
        [Mistake.ForgetsCancellations] = 52,
        [Mistake.ForgetsChildren] = 40,
        [Mistake.ForgetsWebhooks] = 18,
    };

    [Fact]
    public void Run_AnySeed_KeepsThePromises()
    {
        var only = Environment.GetEnvironmentVariable("AGENTGRID_SEED");
        var first = int.Parse(Environment.GetEnvironmentVariable("AGENTGRID_FIRST_SEED") ?? "0");
        var count = int.Parse(Environment.GetEnvironmentVariable("AGENTGRID_SEEDS") ?? "300");
        var started = Stopwatch.GetTimestamp();
        var (deaths, poisonings, attempts, doubles, conflicts, moves, lost, invocations, signals, children, deliveries) = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        var (shared, rejected, yields, superseded) = (0, 0, 0, 0);
        var (backups, refusals) = (0, 0);
        var (spared, preferred, inTime) = (0, 0, 0);

        var failure = RunAll(only is null ? Enumerable.Range(first, count) : [int.Parse(only)], Mistake.None, cluster =>
        {
            deaths += cluster.Deaths;
            poisonings += cluster.Poisonings;
            attempts += cluster.Lost;
            doubles += cluster.Doubles;
            conflicts += cluster.Store.Conflicts;
            moves += cluster.Dispatcher.Moves;
            lost += cluster.World.Lost;
            signals += cluster.Signals;
            deliveries += cluster.Deliveries;
            children += cluster.Children;
            invocations += cluster.Invocations;
            (spared, preferred, inTime) = (spared + cluster.World.Spared, preferred + cluster.World.Preferred, inTime + cluster.World.InTime);
            (backups, refusals) = (backups + cluster.World.Backups, refusals + cluster.Refusals);
            (shared, rejected, yields) = (shared + cluster.Shared, rejected + cluster.Rejected, yields + cluster.Yields);
            superseded += cluster.Superseded;
        });

        Assert.True(failure is null, failure);
        output.WriteLine(
            $"{count} seeds in {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s: {deaths} deaths, {poisonings} of an attempt, {attempts} attempts failed as lost, {doubles} times two " +
            $"drivers, {conflicts} conflicts, {moves} moves of the dispatcher, {lost} messages lost, {invocations} invocations, {signals} signals, {children} children, " +
            $"{deliveries} deliveries, {shared} runs started beside others of their group, {rejected} rejected, {yields} that yield, {superseded} superseded, {backups} backups, {refusals} refused, " +
            $"{spared} attempts beside a node where their agent fails, {preferred} on a node that is preferred, {inTime} decisions by who makes it in time");
        if (only is null)
        {
            Assert.True(
                deaths > count && doubles > count / 4 && conflicts > count && moves > count / 4 && signals > count / 4 && children > count / 2
                    && deliveries > count && shared > 0 && rejected > 0 && yields > count / 10 && superseded > count / 4 && backups > count / 10 && refusals > count / 100
                    && spared > count / 4 && preferred > count / 2 && inTime > count / 2, "the simulation is too tame");
        }
    }

    [Fact]
    public void Run_SameSeed_SameHistory()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            Assert.Equal(History(seed), History(seed));
        }
    }

    // A cluster in which something is wrong on purpose is found out, and soon.
    [Theory]
    [MemberData(nameof(Mistakes))]
    public void Run_SomethingIsWrong_IsFoundOut(string name)
    {
        var mistake = Enum.Parse<Mistake>(name);
        int[] first = s_found.TryGetValue(mistake, out var seed) ? [seed] : [];

        var failure = RunAll(first.Concat(Enumerable.Range(0, 2_000)), mistake, static _ => { });

        Assert.True(failure is not null, $"a cluster that {mistake} passes");
        Assert.False(failure.Contains("unexpected: ", StringComparison.Ordinal), failure);
        output.WriteLine($"{mistake}: {failure.Split('\n')[0]}");
    }

    public static TheoryData<string> Mistakes =>
        new(Enum.GetValues<Mistake>().Where(static m => m != Mistake.None).Select(static m => m.ToString()));

    private static IReadOnlyList<string> History(int seed)
    {
        var cluster = new SimulatedCluster(seed, Mistake.None);
        OnOwnThread(() => cluster.Run());
        return cluster.World.History;
    }

    private static string? RunAll(IEnumerable<int> seeds, Mistake mistake, Action<SimulatedCluster> count)
    {
        var gate = new Lock();
        var next = new Queue<int>(seeds);
        (int Seed, string Text)? failure = null;
        void Work()
        {
            while (true)
            {
                int seed;
                lock (gate)
                {
                    if (failure is not null || !next.TryDequeue(out seed))
                    {
                        return;
                    }
                }
                var cluster = new SimulatedCluster(seed, mistake);
                var broken = Run(cluster);
                lock (gate)
                {
                    count(cluster);
                    if (broken is not null && (failure is null || seed < failure.Value.Seed))
                    {
                        failure = (seed, $"seed {seed}: {broken}\n{string.Join('\n', cluster.World.History.TakeLast(MostLines))}");
                    }
                }
            }
        }
        // Threads of their own have no synchronization context: whoever waits goes on where the simulation is.
        var threads = Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Thread(Work)).ToList();
        threads.ForEach(static t => t.Start());
        threads.ForEach(static t => t.Join());
        return failure?.Text;
    }

    private static string? Run(SimulatedCluster cluster)
    {
        try
        {
            return cluster.Run();
        }
        catch (Exception e)
        {
            return $"unexpected: {e}";
        }
    }

    private static void OnOwnThread(Action act)
    {
        var thread = new Thread(() => act());
        thread.Start();
        thread.Join();
    }
}
