using System.Diagnostics;
using AgentGrid.Agents.Patterns;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Simulation.WhatIf;

namespace AgentGrid.Simulation.Tests.WhatIf;

/// <summary>
/// Runs of two steps that sleep for random times, and arrive at random times: known by a seed, and the same for as many slots as
/// there are.
/// </summary>
/// <param name="meanMs">How long a step sleeps on average.</param>
/// <param name="utilisation">How busy two slots are.</param>
internal sealed class DelayLoad(int runs, double meanMs, double utilisation, int seed)
{
    private const int WarmUps = 50;
    private const string Plans = """
        plans:
          nap:
            timeout: 10m
            steps:
              first: { agent: delay, with: { ms: input.first } }
              second: { agent: delay, needs: [first], with: { ms: input.second } }
          warm:
            steps:
              only: { agent: delay, input: { ms: 1 } }
        """;

    public static MeasuredGrid Grid(string folder, int slots) =>
        new(folder, [new DelayAgent()], $"agents: {{ delay: {{ max_concurrency: {slots}, timeout: 10m }} }}", Plans);

    /// <summary>Runs it on so many slots.</summary>
    public async Task RunAsync(IAgentGrid grid)
    {
        // What is compiled in the first second is no part of it.
        for (var i = 0; i < WarmUps; i++)
        {
            await grid.WaitForEndAsync(await SubmitAsync(grid, $"warm-{i}", Json.EmptyObject, "warm"), TimeSpan.FromMinutes(1));
        }
        var random = new Random(seed);
        var clock = Stopwatch.StartNew();
        var at = TimeSpan.Zero;
        var ends = new List<Task>();
        for (var i = 0; i < runs; i++)
        {
            // Two steps a run, two slots.
            at += TimeSpan.FromMilliseconds(-Math.Log(1 - random.NextDouble()) * meanMs / utilisation);
            var input = Json.From(new { First = Sleep(random), Second = Sleep(random) });
            if (at - clock.Elapsed is { Ticks: > 0 } early)
            {
                await Task.Delay(early);
            }
            ends.Add(grid.WaitForEndAsync(await SubmitAsync(grid, $"{i}", input, "nap"), TimeSpan.FromMinutes(10)).AsTask());
        }
        await Task.WhenAll(ends);
    }

    /// <summary>What was measured with four slots and with two, at the same time, and what the journal of the four says of two.</summary>
    public async Task<(PlanTimes Four, PlanTimes Predicted, PlanTimes Two)> CompareAsync(string folder)
    {
        var (four, two) = (Grid(Path.Combine(folder, "four"), 4), Grid(Path.Combine(folder, "two"), 2));
        await Task.WhenAll(four.RunAsync(RunAsync), two.RunAsync(RunAsync));
        var predicted = await four.WhatIfAsync(new WhatIfOptions { Config = two.Config });
        var measured = await two.WhatIfAsync(new WhatIfOptions { Config = two.Config });
        return (NapOf(predicted).Recorded, NapOf(predicted).WhatIf, NapOf(measured).Recorded);
    }

    private static PlanComparison NapOf(WhatIfReport report) => report.Plans.Single(static p => p.Plan == "nap");

    private static async Task<RunId> SubmitAsync(IAgentGrid grid, string round, Json input, string plan)
    {
        var answer = await grid.SubmitAsync(new SubmitRun(new RunKey("m", round), input, plan));
        return answer is SubmitResult.Accepted accepted ? accepted.Run.RunId : throw new InvalidOperationException($"{answer}");
    }

    // Between a fifth and nearly twice the mean.
    private double Sleep(Random random) => Math.Round(meanMs * (0.2 + (1.6 * random.NextDouble())), 1);
}
