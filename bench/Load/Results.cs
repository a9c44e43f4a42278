using System.Diagnostics;

namespace AgentGrid.Bench.Load;

/// <summary>What the server has used so far; null where it cannot be known, as of a server that runs already.</summary>
internal sealed record ServerUsage(TimeSpan? Cpu, long? AllocatedBytes, long? ResidentBytes)
{
    /// <summary>What processes have used together; null of none.</summary>
    public static ServerUsage Of(IReadOnlyList<Process> processes)
    {
        if (processes.Count == 0)
        {
            return new ServerUsage(null, null, null);
        }
        foreach (var process in processes)
        {
            process.Refresh();
        }
        return new ServerUsage(
            TimeSpan.FromTicks(processes.Sum(static p => p.TotalProcessorTime.Ticks)), null,
            processes.Sum(static p => p.WorkingSet64));
    }
}

/// <summary>One level of concurrency. Latency: from the POST to the run's last event on the WebSocket.</summary>
internal sealed record RunResults
{
    public required int Concurrency { get; init; }
    public required int Runs { get; init; }
    public required double RunsPerSecond { get; init; }
    public required double P50Ms { get; init; }
    public required double P95Ms { get; init; }
    public required double P99Ms { get; init; }
    public required double EventsPerSecond { get; init; }
    public required double? CpuSecondsPer1000 { get; init; }
    public required double? AllocatedKbPerRun { get; init; }
    public required double? ResidentMb { get; init; }
    public required double GeneratorCpuSecondsPer1000 { get; init; }
    public required int Failed { get; init; }
    public required int Rejected { get; init; }

    public static RunResults Of(
        int concurrency, TimeSpan elapsed, double[] latencies, long events, int failed, int rejected,
        ServerUsage before, ServerUsage after, TimeSpan own)
    {
        Array.Sort(latencies);
        var runs = latencies.Length;
        return new RunResults
        {
            Concurrency = concurrency,
            Runs = runs,
            RunsPerSecond = runs / elapsed.TotalSeconds,
            P50Ms = Percentile(latencies, 50),
            P95Ms = Percentile(latencies, 95),
            P99Ms = Percentile(latencies, 99),
            EventsPerSecond = events / elapsed.TotalSeconds,
            CpuSecondsPer1000 = (after.Cpu - before.Cpu)?.TotalSeconds * 1_000 / runs,
            AllocatedKbPerRun = (after.AllocatedBytes - before.AllocatedBytes) / 1024.0 / runs,
            ResidentMb = after.ResidentBytes / 1e6,
            GeneratorCpuSecondsPer1000 = own.TotalSeconds * 1_000 / runs,
            Failed = failed,
            Rejected = rejected,
        };
    }

    /// <summary>NaN where there is nothing.</summary>
    public static double Percentile(double[] sorted, int percent) => sorted.Length == 0
        ? double.NaN
        : sorted[Math.Min(sorted.Length - 1, (int)Math.Ceiling(percent / 100.0 * sorted.Length) - 1)];
}

internal sealed record EchoResults(int Concurrency, double RequestsPerSecond, double? CpuSecondsPer1000);
