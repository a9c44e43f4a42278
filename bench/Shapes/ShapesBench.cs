using System.Globalization;
using AgentGrid.Bench.Load;
using AgentGrid.Core;

namespace AgentGrid.Bench.Shapes;

/// <summary>Whether a step costs the same in a plan of ten steps and in one of ten thousand.</summary>
internal static class ShapesBench
{
    private static readonly (string Name, string Agent, bool Chain)[] s_shapes =
    [
        ("parallel", "noop", false),
        ("parallel behind 64 slots", "noop_queued", false),
        ("chain", "noop", true),
    ];

    public static async Task<int> RunAsync(BenchOptions options, string data)
    {
        Console.WriteLine(Report.DescribeMachine(data));
        Console.WriteLine("\n| shape | steps | runs | ms a run (median) | us a step | times the first | CPU us a step | times the first | KiB a step |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        await using var server = await ServerUnderTest.StartAsync(data, options.Sync);
        using var runs = await OneByOne.OpenAsync(server.Url);
        foreach (var (name, agent, chain) in s_shapes)
        {
            // Until the code is compiled as it stays.
            await MeasureAsync(server, runs, PlanOf(agent, chain, options.Sizes[0]), options.Sizes[0], 30_000);
            (double Wall, double Cpu)? first = null;
            foreach (var size in options.Sizes)
            {
                var m = await MeasureAsync(server, runs, PlanOf(agent, chain, size), size, 30_000);
                first ??= (m.WallUs / size, m.CpuUs);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"| {name} | {size:N0} | {m.Runs:N0} | {m.WallUs / 1_000:N2} | {m.WallUs / size:N1} | " +
                    $"{m.WallUs / size / first.Value.Wall:N2} | {m.CpuUs:N1} | {m.CpuUs / first.Value.Cpu:N2} | {m.Kib:N1} |"));
            }
        }
        return 0;
    }

    private static async Task<(int Runs, double WallUs, double CpuUs, double Kib)> MeasureAsync(
        ServerUnderTest server, OneByOne runs, string plan, int size, int steps)
    {
        var times = new double[Math.Max(3, steps / size)];
        var before = await server.UsageAsync();
        for (var i = 0; i < times.Length; i++)
        {
            times[i] = (await runs.RunAsync(plan)).TotalMicroseconds;
        }
        var after = await server.UsageAsync();
        var all = times.Length * (double)size;
        Array.Sort(times);
        return (times.Length, times[times.Length / 2], (after.Cpu - before.Cpu)!.Value.TotalMicroseconds / all,
            (after.AllocatedBytes - before.AllocatedBytes)!.Value / 1024.0 / all);
    }

    private static string PlanOf(string agent, bool chain, int size) => Json.From(new
    {
        Steps = Enumerable.Range(0, size).ToDictionary(
            i => $"s{i}", i => new { Agent = agent, Needs = chain && i > 0 ? new[] { $"s{i - 1}" } : null }),
    }).ToString();
}
