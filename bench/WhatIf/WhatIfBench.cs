using System.Diagnostics;
using System.Globalization;
using AgentGrid.Bench.Load;
using AgentGrid.Bench.Server;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Grid;
using AgentGrid.Simulation.Tests.WhatIf;
using AgentGrid.Simulation.WhatIf;

namespace AgentGrid.Bench.WhatIf;

/// <summary>How long a journal takes to be replayed, and how near to what happens the replay comes.</summary>
internal static class WhatIfBench
{
    private const int MostRuns = 100_000;
    private const int AtOnce = 64;

    private static readonly IAgent[] s_agents =
    [
        new NoOpAgents.Perception(), new NoOpAgents.PromptGenerator(), new NoOpAgents.MotionGenerator(), new NoOpAgents.MotionBackup(),
        new NoOpAgents.KinematicsValidator(), new NoOpAgents.TimingValidator(), new NoOpAgents.QualityScorer(),
    ];

    public static async Task<int> RunAsync(BenchOptions options, string data)
    {
        Console.WriteLine(Report.DescribeMachine(data));
        await ReplayAsync(Math.Min(options.Runs, MostRuns), Path.Combine(data, "replay"));
        await PredictAsync(Path.Combine(data, "prediction"));
        return 0;
    }

    private static async Task ReplayAsync(int runs, string folder)
    {
        var plans = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "bench-config", "plans", "bench.yaml"));
        var slots = string.Join('\n', s_agents.Select(static a => $"  {NameOf(a)}: {{ max_concurrency: 8 }}"));
        var grid = new MeasuredGrid(folder, s_agents, $"agents:\n{slots}\n", plans);
        await grid.RunAsync(g => Parallel.ForEachAsync(
            Enumerable.Range(0, runs), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (i, _) =>
            {
                var answer = await g.SubmitAsync(new SubmitRun(new RunKey($"m{i}", "1"), Json.Parse(Body.Of($"m{i}"))), CancellationToken.None);
                await g.WaitForEndAsync(((SubmitResult.Accepted)answer).Run.RunId, TimeSpan.FromMinutes(1), CancellationToken.None);
            }));
        var size = new DirectoryInfo(Path.Combine(folder, "data")).EnumerateFiles().Sum(static f => f.Length);
        GC.Collect();
        var (clock, cpu) = (Stopwatch.StartNew(), Process.GetCurrentProcess().TotalProcessorTime);
        var report = await grid.WhatIfAsync(new WhatIfOptions { Config = grid.Config, Load = 2 });
        cpu = Process.GetCurrentProcess().TotalProcessorTime - cpu;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"\nreplayed {report.Runs} runs with {report.Answers.Recorded + report.Answers.Sampled} attempts, a journal of {size >> 20} MiB: " +
            $"{clock.Elapsed.TotalSeconds:N1} s, {cpu.TotalSeconds:N1} CPU-seconds; completed {report.WhatIf.Completed}; " +
            $"memory {Environment.WorkingSet >> 20} MiB"));
    }

    private static async Task PredictAsync(string folder)
    {
        Console.WriteLine("\n| load of two slots | p50 s of 4 | p99 s of 4 | p50 s of 2, predicted | measured | off by | p99 s of 2, predicted | measured | off by |");
        Console.WriteLine("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        foreach (var (utilisation, seed) in new[] { (0.6, 1), (0.8, 2), (0.9, 3) })
        {
            var load = new DelayLoad(runs: 300, meanMs: 200, utilisation, seed);
            var (four, predicted, two) = await load.CompareAsync(Path.Combine(folder, $"{seed}"));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {utilisation:P0} | {four.P50Seconds:0.000} | {four.P99Seconds:0.000} | {predicted.P50Seconds:0.000} | {two.P50Seconds:0.000} | " +
                $"{predicted.P50Seconds / two.P50Seconds - 1:P1} | {predicted.P99Seconds:0.000} | {two.P99Seconds:0.000} | " +
                $"{predicted.P99Seconds / two.P99Seconds - 1:P1} |"));
        }
    }

    private static string NameOf(IAgent agent) => agent.GetType().GetCustomAttributes(false).OfType<AgentAttribute>().Single().Name;
}
