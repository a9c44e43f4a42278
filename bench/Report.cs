using System.Globalization;
using System.Runtime.InteropServices;
using AgentGrid.Bench.Load;

namespace AgentGrid.Bench;

/// <summary>Everything that was measured, and on what.</summary>
internal sealed record Report
{
    private static readonly string[] Columns =
    [
        "in flight", "runs/s", "p50 ms", "p95 ms", "p99 ms", "events/s", "CPU s/1,000", "KiB/run", "RSS MB",
        "generator CPU s/1,000", "echo req/s", "echo CPU s/1,000",
    ];

    public required string Machine { get; init; }
    public required string Sync { get; init; }
    public required DiskSync DiskSyncMs { get; init; }
    public required IReadOnlyList<RunResults> Levels { get; init; }
    public required IReadOnlyList<EchoResults> Echo { get; init; }

    public static string DescribeMachine(string data)
    {
        var disk = new DriveInfo(data).DriveFormat;
        return $"{Environment.ProcessorCount} cores, {Cpu()}, {RuntimeInformation.OSDescription}, " +
            $".NET {Environment.Version}, journal on {disk}";
    }

    public string ToTable()
    {
        var text = new StringWriter(CultureInfo.InvariantCulture);
        text.WriteLine(Machine);
        text.WriteLine(
            $"sync={Sync}; the disk keeps 4 KiB in {Number(DiskSyncMs.Overwritten, 3)} ms where a file is overwritten, " +
            $"in {Number(DiskSyncMs.Appended, 3)} ms where it grows (medians of 200)");
        text.WriteLine();
        text.WriteLine($"| {string.Join(" | ", Columns)} |");
        text.WriteLine($"|{string.Concat(Columns.Select(_ => " ---: |"))}");
        for (var i = 0; i < Levels.Count; i++)
        {
            var level = Levels[i];
            var echo = i < Echo.Count ? Echo[i] : null;
            string[] cells =
            [
                level.Concurrency.ToString(CultureInfo.InvariantCulture), Number(level.RunsPerSecond, 0),
                Number(level.P50Ms, 2), Number(level.P95Ms, 2), Number(level.P99Ms, 2),
                Number(level.EventsPerSecond, 0), Number(level.CpuSecondsPer1000, 2),
                Number(level.AllocatedKbPerRun, 1), Number(level.ResidentMb, 0),
                Number(level.GeneratorCpuSecondsPer1000, 2),
                Number(echo?.RequestsPerSecond, 0), Number(echo?.CpuSecondsPer1000, 3),
            ];
            text.WriteLine($"| {string.Join(" | ", cells)} |");
        }
        foreach (var level in Levels.Where(l => l.Failed + l.Rejected > 0))
        {
            text.WriteLine($"{level.Concurrency} in flight: {level.Failed} failed, {level.Rejected} rejected");
        }
        return text.ToString();
    }

    private static string Number(double? value, int digits) =>
        value?.ToString($"N{digits}", CultureInfo.InvariantCulture) ?? "-";

    private static string Cpu()
    {
        const string Info = "/proc/cpuinfo";
        var line = File.Exists(Info)
            ? File.ReadLines(Info).FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))
            : null;
        return line?.Split(':', 2)[1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString();
    }
}
