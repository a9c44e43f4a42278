using System.Diagnostics;

namespace AgentGrid.Bench.Load;

/// <summary>What a promise costs here: how long the disk takes to keep 4 KiB.</summary>
internal static class DiskSync
{
    private const int Writes = 200;

    /// <returns>The median in milliseconds.</returns>
    public static double Measure(string folder)
    {
        var path = Path.Combine(folder, "sync.bin");
        var times = new double[Writes];
        using (var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            var block = new byte[4096];
            for (var i = 0; i < Writes; i++)
            {
                var start = Stopwatch.GetTimestamp();
                file.Write(block);
                file.Flush(flushToDisk: true);
                times[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            }
        }
        File.Delete(path);
        Array.Sort(times);
        return times[Writes / 2];
    }
}
