using System.Diagnostics;

namespace AgentGrid.Bench.Load;

/// <summary>
/// What a promise costs here: how long the disk takes to keep 4 KiB, in milliseconds, the median of 200.
/// </summary>
/// <param name="Appended">At the end of a file that grows.</param>
/// <param name="Overwritten">In the middle of one that does not: what the journal does nearly always.</param>
internal sealed record DiskSync(double Appended, double Overwritten)
{
    private const int Writes = 200;

    public static DiskSync Measure(string folder)
    {
        var path = Path.Combine(folder, "sync.bin");
        using var file = new FileStream(
            path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
        var appended = Median(file);
        file.Position = 0;
        return new DiskSync(appended, Median(file));
    }

    private static double Median(FileStream file)
    {
        var times = new double[Writes];
        var block = new byte[4096];
        for (var i = 0; i < Writes; i++)
        {
            var start = Stopwatch.GetTimestamp();
            file.Write(block);
            file.Flush(flushToDisk: true);
            times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }
        Array.Sort(times);
        return times[Writes / 2];
    }
}
