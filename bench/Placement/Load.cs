using System.Collections.Immutable;
using AgentGrid.Bench.Workflow;

namespace AgentGrid.Bench.Placement;

/// <summary>Something to be done on a GPU.</summary>
/// <param name="Arrives">When it can start; of a task that needs others, when its run comes.</param>
/// <param name="Work">How long its model needs when it is loaded.</param>
/// <param name="Run">Null for one that is a run by itself.</param>
internal sealed record Job(int Index, Model Model, TimeSpan Arrives, TimeSpan Work, string? Tenant, GraphRun? Run = null, int Task = 0);

/// <summary>A run of a graph of tasks.</summary>
/// <param name="Behind">For each task, how much work the longest path has that begins with it.</param>
internal sealed record GraphRun(int Index, WorkflowInstance Graph, ImmutableArray<Job> Jobs, double[] Behind);

/// <summary>What arrives, made from a seed.</summary>
internal static class Load
{
    /// <summary>
    /// Calls of language models. Times between arrivals of a kind of GPU are gamma distributed with a coefficient of variation of 2 (shape
    /// 1/4), as bursty services have it; the rate swings about its mean in a sine of a given period. Work is log-normal with sigma 1.
    /// </summary>
    /// <param name="utilization">Work that arrives on average, as a part of what all GPUs can do.</param>
    /// <param name="swing">The rate's amplitude, as a part of its mean.</param>
    public static ImmutableArray<Job> Inference(
        Fleet fleet, int seed, TimeSpan length, double utilization, double swing, TimeSpan period, TimeSpan meanWork, int tenants = 1)
    {
        const double Sigma = 1;
        var random = new Random(seed);
        var jobs = new List<Job>();
        foreach (var kind in fleet.Kinds)
        {
            var models = fleet.Models.Where(m => m.Kind == kind).ToArray();
            var mean = kind.Gpus * utilization / meanWork.TotalSeconds;
            for (var now = 0.0; ;)
            {
                var rate = mean * (1 + swing * Math.Sin(2 * Math.PI * now / period.TotalSeconds));
                now += Gamma(random, 0.25) / 0.25 / rate;
                if (now >= length.TotalSeconds)
                {
                    break;
                }
                var work = meanWork.TotalSeconds * Math.Exp(Sigma * Normal(random) - Sigma * Sigma / 2);
                jobs.Add(new Job(0, Pick(models, random), TimeSpan.FromSeconds(now), TimeSpan.FromSeconds(work), $"t{random.Next(tenants)}"));
            }
        }
        return [.. jobs.OrderBy(static j => j.Arrives).Select(static (j, i) => j with { Index = i })];
    }

    /// <summary>Runs of graphs that all come at once, each on one kind of GPU: its tasks go by their level to models of that kind.</summary>
    public static ImmutableArray<Job> Graphs(Fleet fleet, int seed, IReadOnlyList<WorkflowInstance> graphs, int runs)
    {
        var random = new Random(seed);
        var jobs = ImmutableArray.CreateBuilder<Job>();
        for (var r = 0; r < runs; r++)
        {
            // Kinds have work in proportion to their GPUs.
            var at = random.Next(fleet.Gpus);
            var kind = fleet.Kinds.First(k => (at -= k.Gpus) < 0);
            var models = fleet.Models.Where(m => m.Kind == kind).ToArray();
            var graph = graphs[r % graphs.Count];
            var byDepth = new Dictionary<int, Model>();
            var depth = Depths(graph);
            var own = new Job[graph.Tasks.Length];
            var run = new GraphRun(r, graph, [], graph.Behind());
            for (var i = 0; i < own.Length; i++)
            {
                if (!byDepth.TryGetValue(depth[i], out var model))
                {
                    byDepth.Add(depth[i], model = Pick(models, random));
                }
                own[i] = new Job(jobs.Count + i, model, TimeSpan.Zero, TimeSpan.FromMilliseconds(graph.Tasks[i].Ms), $"t{r % 20}", run, i);
            }
            var whole = run with { Jobs = [.. own] };
            jobs.AddRange(own.Select(j => j with { Run = whole }));
        }
        return jobs.ToImmutable();
    }

    private static int[] Depths(WorkflowInstance graph)
    {
        var depths = new int[graph.Tasks.Length];
        for (var changed = true; changed;)
        {
            changed = false;
            for (var i = 0; i < depths.Length; i++)
            {
                var depth = graph.Tasks[i].Parents.Select(p => depths[p] + 1).DefaultIfEmpty().Max();
                changed |= depth != depths[i];
                depths[i] = depth;
            }
        }
        return depths;
    }

    private static Model Pick(Model[] models, Random random)
    {
        var at = random.NextDouble();
        return Array.Find(models, m => (at -= m.Share) < 0) ?? models[^1];
    }

    // Marsaglia and Tsang, "A simple method for generating gamma variables", 2000; below 1 by its section 6.
    private static double Gamma(Random random, double shape)
    {
        if (shape < 1)
        {
            return Gamma(random, shape + 1) * Math.Pow(random.NextDouble(), 1 / shape);
        }
        var d = shape - 1.0 / 3;
        while (true)
        {
            var x = Normal(random);
            var v = Math.Pow(1 + x / Math.Sqrt(9 * d), 3);
            if (v > 0 && Math.Log(random.NextDouble()) < x * x / 2 + d - d * v + d * Math.Log(v))
            {
                return d * v;
            }
        }
    }

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
