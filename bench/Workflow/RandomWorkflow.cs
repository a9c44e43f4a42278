using System.Collections.Immutable;

namespace AgentGrid.Bench.Workflow;

/// <summary>
/// Workflows as scientific ones are: levels of tasks of one kind, which split, go side by side, cross over and merge. Each kind
/// has its own typical duration and spread. The same for the same seed.
/// </summary>
internal static class RandomWorkflow
{
    private const int FewestTasks = 20;
    private const int MostTasks = 110;

    /// <param name="meanMs">The typical duration of a typical kind.</param>
    /// <param name="leastMs">No task is shorter.</param>
    public static WorkflowInstance Make(int seed, double meanMs, double leastMs)
    {
        var random = new Random(seed);
        var count = random.Next(FewestTasks, MostTasks + 1);
        var tasks = ImmutableArray.CreateBuilder<WorkflowTask>(count);
        int[] above = [];
        while (tasks.Count < count)
        {
            var width = Math.Min(count - tasks.Count, random.Next(4) == 0 ? 1 : random.Next(2, 25));
            var (mean, spread) = (meanMs * Math.Exp(Normal(random) * 1.2), random.Next(3) * 0.4);
            var level = Enumerable.Range(tasks.Count, width).ToArray();
            var join = random.Next(4);
            foreach (var i in level)
            {
                var ms = Math.Max(leastMs, Math.Round(mean * Math.Exp(Normal(random) * spread), 3));
                tasks.Add(new WorkflowTask($"t{i}", ms, Parents(random, join, i - level[0], width, above)));
            }
            // Now and then what is above goes on beside what was added.
            above = random.Next(4) == 0 ? [.. above.Where(_ => random.Next(3) == 0), .. level] : level;
        }
        return new WorkflowInstance($"random-{seed}", tasks.ToImmutable());
    }

    private static ImmutableArray<int> Parents(Random random, int join, int at, int width, int[] above) =>
        above.Length == 0 ? []
        : width == 1 || join == 0 ? [.. above] // merges
        : join < 3 ? [above[at * above.Length / width]] // splits, or goes on side by side
        : [.. above.Where(_ => random.Next(above.Length) < 2).DefaultIfEmpty(above[random.Next(above.Length)])];

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
