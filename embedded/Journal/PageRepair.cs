using System.Buffers.Binary;
using AgentGrid.Engine.Store;

namespace AgentGrid.Embedded.Journal;

/// <summary>
/// Brings a copy of damaged files into a shape in which SQLite opens them, so that what is sound in them can be read.
/// What is damaged stays so, and is found by the checksums of rows; it only does not hide the rest any more.
/// </summary>
internal static class PageRepair
{
    private const int PageBytes = 4_096;

    /// <summary>
    /// Replaces the first page: apart from a few counters, it is the same in every journal of this version, because it
    /// says nothing but which tables there are and where they begin.
    /// </summary>
    /// <param name="fresh">A journal that has just been made.</param>
    public static void MendFirstPage(string path, string fresh)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        file.Write(FirstPage(fresh));
    }

    /// <summary>Makes SQLite read a write-ahead log past its damaged frames, to its last whole transaction.</summary>
    public static void MendLog(string path, string fresh)
    {
        var log = File.ReadAllBytes(path);
        var frames = (log.Length - WriteAheadLog.HeaderBytes) / WriteAheadLog.FrameBytes(PageBytes);
        if (frames <= 0)
        {
            return;
        }
        var firstPage = FirstPage(fresh);
        var salt = SaltOf(log, Math.Min(frames, 3));
        var last = LastCommit(log, frames, salt);
        var header = log.AsSpan(0, WriteAheadLog.HeaderBytes);
        WriteAheadLog.WriteHeader(header, PageBytes, salt);
        var sum = WriteAheadLog.Sum(default, header[..24], bigEndian: false);
        WriteAheadLog.WritePair(header[24..], sum);
        for (var i = 0; i <= last; i++)
        {
            var frame = Frame(log, i);
            if (BinaryPrimitives.ReadInt32BigEndian(frame) == 1)
            {
                firstPage.CopyTo(frame[WriteAheadLog.FrameHeaderBytes..]);
            }
            WriteAheadLog.WritePair(frame[8..], salt);
            sum = WriteAheadLog.SumOf(frame, sum, bigEndian: false);
            WriteAheadLog.WritePair(frame[16..], sum);
        }
        File.WriteAllBytes(path, log[..(WriteAheadLog.HeaderBytes + ((last + 1) * WriteAheadLog.FrameBytes(PageBytes)))]);
    }

    private static byte[] FirstPage(string fresh)
    {
        var page = new byte[PageBytes];
        using var file = new FileStream(fresh, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        file.ReadExactly(page);
        // Counters that differ mean: ask the file system how long the file is. No free pages: none are needed to read.
        page.AsSpan(24, 8).Clear();
        page[27] = 1;
        page.AsSpan(32, 8).Clear();
        page.AsSpan(92, 4).Clear();
        return page;
    }

    private static Span<byte> Frame(byte[] log, int number) => log.AsSpan(
        WriteAheadLog.HeaderBytes + (number * WriteAheadLog.FrameBytes(PageBytes)), WriteAheadLog.FrameBytes(PageBytes));

    // The header's salts and those of the first frames are the same, unless one of them is damaged.
    private static (uint, uint) SaltOf(byte[] log, int frames) => Enumerable.Range(0, frames)
        .Select(i => WriteAheadLog.Pair(Frame(log, i)[8..])).Prepend(WriteAheadLog.Pair(log.AsSpan(16)))
        .GroupBy(s => s).MaxBy(g => g.Count())!.Key;

    private static int LastCommit(byte[] log, int frames, (uint, uint) salt)
    {
        var last = -1;
        var before = WriteAheadLog.Pair(log.AsSpan(24));
        for (var i = 0; i < frames; i++)
        {
            var frame = Frame(log, i);
            var sum = WriteAheadLog.SumOf(frame, before, bigEndian: false);
            before = WriteAheadLog.Pair(frame[16..]);
            if (sum == before && WriteAheadLog.Pair(frame[8..]) == salt && WriteAheadLog.Commits(frame))
            {
                last = i;
            }
        }
        return last;
    }
}
