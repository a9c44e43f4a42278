using System.Diagnostics;
using System.Globalization;
using System.Text;
using AgentGrid.Bench.Load;
using AgentGrid.Engine.Store;

namespace AgentGrid.Bench.Payload;

/// <summary>What large outputs cost: five steps hand on what was posted, each journaled before the next begins.</summary>
internal static class PayloadBench
{
    private const int Steps = 5;
    private static readonly int[] s_sizes = [100_000, 1_000_000];

    public static async Task<int> RunAsync(BenchOptions options, string data)
    {
        Console.WriteLine(Report.DescribeMachine(data));
        Console.WriteLine(
            "\n| payload | in flight | runs/s | p50 ms | MB/s | MB/s a core | bytes allocated a payload byte | RSS MB | failed |");
        Console.WriteLine("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        foreach (var size in s_sizes)
        {
            var payload = Numbers(size);
            foreach (var concurrency in options.Concurrency)
            {
                await using var server = await ServerUnderTest.StartAsync(
                    Path.Combine(data, $"{size}-{concurrency}"), options.Sync, "--retention", "00:00:20");
                var load = new RunLoad(
                    server.Url, match => $$"""{"match_id":"{{match}}","round":"1","plan":"relay","data":{{payload}}}""");
                var r = await load.MeasureAsync(
                    concurrency, TimeSpan.FromSeconds(options.Warmup), TimeSpan.FromSeconds(options.Seconds), server.UsageAsync);
                Console.WriteLine(Row(size, payload.Length, r));
            }
        }
        Console.WriteLine($"\nOne copy, one checksum and one write of 1 MB, on one core: {Limit(data):N0} MB/s.");
        return 0;
    }

    private static string Row(int size, int bytes, RunResults r)
    {
        var moved = (double)bytes * Steps / 1e6;
        return string.Create(CultureInfo.InvariantCulture,
            $"| {size / 1_000:N0} KB | {r.Concurrency} | {r.RunsPerSecond:N1} | {r.P50Ms:N1} | {moved * r.RunsPerSecond:N0} | " +
            $"{moved / (r.CpuSecondsPer1000!.Value / 1_000):N0} | {r.AllocatedKbPerRun!.Value * 1_024 / bytes / Steps:N2} | " +
            $"{r.ResidentMb:N0} | {r.Failed + r.Rejected} |");
    }

    // As what agents make: positions, to a tenth of a millimetre.
    private static string Numbers(int size)
    {
        var (random, text) = (new Random(1), new StringBuilder("["));
        while (text.Length < size)
        {
            text.Append(CultureInfo.InvariantCulture, $"{random.NextDouble():0.0000},");
        }
        text[^1] = ']';
        return text.ToString();
    }

    private static double Limit(string data)
    {
        var (value, rounds) = (Encoding.UTF8.GetBytes(Numbers(1_000_000)), 200);
        using var file = File.OpenHandle(Path.Combine(data, "limit"), FileMode.Create, FileAccess.Write);
        var cpu = Environment.CpuUsage.TotalTime;
        for (var i = 0; i < rounds; i++)
        {
            var copy = value.ToArray();
            _ = new Crc32C().Add(copy).Value;
            RandomAccess.Write(file, copy, 0);
        }
        return value.Length * (double)rounds / 1e6 / (Environment.CpuUsage.TotalTime - cpu).TotalSeconds;
    }
}
