using System.Buffers.Binary;
using System.Text;
using AgentGrid.Core;

namespace AgentGrid.RunLog.Records;

/// <summary>What a value in Redis is; part of its check, so that a sound value in a wrong place is found.</summary>
internal enum Part : byte
{
    /// <summary>What never changes of a run.</summary>
    Head = (byte)'h',

    /// <summary>Where a run stands.</summary>
    Tip = (byte)'t',

    /// <summary>The events of one turn.</summary>
    Turn = (byte)'e',
}

/// <summary>
/// A value with a check: a byte for the format, CRC-32C, the number of its events, the version of the run (how many
/// events it had before a turn, or has by its tip), and the text. Little-endian. The scripts read the number of events.
/// </summary>
internal readonly record struct Sealed(int Count, long Version, ReadOnlyMemory<byte> Text)
{
    public const int HeaderBytes = 1 + 4 + 4 + 8;
    private const byte Format = 1;
    private const int CrcAt = 1, CountAt = 5, VersionAt = 9;

    /// <summary>Fills in the header of a value whose text stands behind it.</summary>
    public static void Seal(Span<byte> value, Part part, RunId run, int count, long version)
    {
        value[0] = Format;
        BinaryPrimitives.WriteInt32LittleEndian(value[CountAt..], count);
        BinaryPrimitives.WriteInt64LittleEndian(value[VersionAt..], version);
        BinaryPrimitives.WriteUInt32LittleEndian(value[CrcAt..], Check(value, part, run));
    }

    /// <summary>How many events a value says that it has, sound or not; 0 when it says nothing.</summary>
    public static int ClaimedCount(ReadOnlySpan<byte> value) =>
        value.Length < HeaderBytes ? 0 : BinaryPrimitives.ReadInt32LittleEndian(value[CountAt..]);

    /// <returns>False when the value is not what was sealed.</returns>
    public static bool TryOpen(ReadOnlyMemory<byte> value, Part part, RunId run, out Sealed result)
    {
        var bytes = value.Span;
        if (bytes.Length < HeaderBytes || bytes[0] != Format
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[CrcAt..]) != Check(bytes, part, run))
        {
            result = default;
            return false;
        }
        result = new Sealed(
            BinaryPrimitives.ReadInt32LittleEndian(bytes[CountAt..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[VersionAt..]), value[HeaderBytes..]);
        return true;
    }

    private static uint Check(ReadOnlySpan<byte> value, Part part, RunId run)
    {
        Span<byte> place = stackalloc byte[64];
        place[0] = (byte)part;
        var length = 1 + Encoding.ASCII.GetBytes(run.Value, place[1..]);
        return ~Crc32C.Add(Crc32C.Add(Crc32C.Start, place[..length]), value[CountAt..]);
    }
}
