using System.Buffers.Binary;
using AgentGrid.Engine.Store;

namespace AgentGrid.Embedded.Journal;

/// <summary>
/// Looks at SQLite's write-ahead log before SQLite does. SQLite takes the first frame with a wrong checksum for the end
/// of the log, because that is what a crash in the middle of a write looks like; when it is damage instead, everything
/// behind it would be forgotten without a word.
/// </summary>
/// <remarks>
/// A crash can tear the last transaction only: the next one is written after the one before it was synced. So a bad
/// frame, with the end of its transaction and a good frame of a later one behind it, is damage. Damage within the last
/// transaction cannot be told from a crash, and is treated as one. Format: https://sqlite.org/fileformat2.html#walformat
/// </remarks>
internal static class WriteAheadLog
{
    public const int HeaderBytes = 32;
    public const int FrameHeaderBytes = 24;
    private const uint Magic = 0x377f0682;
    private const uint Version = 3_007_000;

    /// <summary>Says what is damaged; null when nothing can be told to be.</summary>
    public static string? Damage(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1 << 16);
        Span<byte> header = stackalloc byte[HeaderBytes];
        if (file.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false) < HeaderBytes
            || header.IndexOfAnyExcept((byte)0) < 0)
        {
            return null;
        }
        var bigEndian = (header[3] & 1) == 1;
        var (salt, stored) = (Pair(header[16..]), Pair(header[24..]));
        var pageBytes = BinaryPrimitives.ReadInt32BigEndian(header[8..]);
        if (Sum(default, header[..24], bigEndian) != stored || pageBytes is < 512 or > 65_536)
        {
            return file.Length > HeaderBytes ? $"the header of its write-ahead log '{path}' does not match its checksum" : null;
        }
        return Damage(file, path, bigEndian, salt, stored, new byte[FrameBytes(pageBytes)]);
    }

    private static string? Damage(
        FileStream file, string path, bool bigEndian, (uint, uint) salt, (uint, uint) before, byte[] frame)
    {
        long bad = 0;
        var committed = false;
        for (var number = 1L; file.ReadAtLeast(frame, frame.Length, throwOnEndOfStream: false) == frame.Length; number++)
        {
            var stored = Pair(frame.AsSpan(16));
            var commits = Commits(frame);
            var ours = Pair(frame.AsSpan(8)) == salt;
            var sum = SumOf(frame, before, bigEndian);
            before = stored;
            if (bad == 0)
            {
                if (!ours || sum != stored)
                {
                    (bad, committed) = (number, commits);
                }
            }
            else if (ours && sum == stored)
            {
                if (committed)
                {
                    return $"frame {bad} of its write-ahead log '{path}' does not match its checksum, and whole " +
                        "transactions are behind it";
                }
                committed = commits;
            }
        }
        return null;
    }

    public static int FrameBytes(int pageBytes) => FrameHeaderBytes + pageBytes;

    /// <summary>Whether a frame is the last of its transaction.</summary>
    public static bool Commits(ReadOnlySpan<byte> frame) => BinaryPrimitives.ReadUInt32BigEndian(frame[4..]) != 0;

    /// <summary>A frame's checksum, which goes on from that of the frame before it.</summary>
    public static (uint, uint) SumOf(ReadOnlySpan<byte> frame, (uint, uint) before, bool bigEndian) =>
        Sum(Sum(before, frame[..8], bigEndian), frame[FrameHeaderBytes..], bigEndian);

    /// <summary>Writes a header, all but its checksum and its counter.</summary>
    public static void WriteHeader(Span<byte> header, int pageBytes, (uint, uint) salt)
    {
        WritePair(header, (Magic, Version));
        BinaryPrimitives.WriteInt32BigEndian(header[8..], pageBytes);
        WritePair(header[16..], salt);
    }

    public static void WritePair(Span<byte> bytes, (uint First, uint Second) pair)
    {
        BinaryPrimitives.WriteUInt32BigEndian(bytes, pair.First);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], pair.Second);
    }

    public static (uint, uint) Pair(ReadOnlySpan<byte> bytes) =>
        (BinaryPrimitives.ReadUInt32BigEndian(bytes), BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]));

    public static (uint, uint) Sum((uint, uint) sum, ReadOnlySpan<byte> bytes, bool bigEndian)
    {
        var (a, b) = sum;
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            a += Word(bytes, bigEndian) + b;
            b += Word(bytes[4..], bigEndian) + a;
        }
        return (a, b);
    }

    private static uint Word(ReadOnlySpan<byte> bytes, bool bigEndian) => bigEndian
        ? BinaryPrimitives.ReadUInt32BigEndian(bytes)
        : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
}
