using System.Buffers.Binary;
using System.Text;
using AgentGrid.Core;

namespace AgentGrid.Engine.Store;

/// <summary>
/// What stores keep of a run, sealed: a byte for the format, CRC-32C, the number of its events, the run's version (how many
/// events it had before a turn, or has by its tip), and the text. Little-endian. The check is over what kind of record it
/// is and the run's id too. The scripts of the run log read the number of events.
/// </summary>
public readonly record struct SealedRecord(int Count, long Version, ReadOnlyMemory<byte> Text)
{
    /// <summary>Where the text begins.</summary>
    public const int HeaderBytes = 1 + 4 + 4 + 8;

    private const byte Format = 1;
    private const int CrcAt = 1, CountAt = 5, VersionAt = 9;

    /// <summary>Fills in the header of a record whose text stands behind it.</summary>
    public static void Seal(Span<byte> record, RecordKind kind, RunId run, int count, long version)
    {
        record[0] = Format;
        BinaryPrimitives.WriteInt32LittleEndian(record[CountAt..], count);
        BinaryPrimitives.WriteInt64LittleEndian(record[VersionAt..], version);
        BinaryPrimitives.WriteUInt32LittleEndian(record[CrcAt..], Check(record, kind, run));
    }

    /// <summary>Whether a record claims to be sealed; text of JSON never does.</summary>
    public static bool IsSealed(ReadOnlySpan<byte> record) => record.Length >= HeaderBytes && record[0] == Format;

    /// <summary>How many events the run has after a record by what that says; null when it is not sealed.</summary>
    public static long? VersionAfter(ReadOnlySpan<byte> record) => IsSealed(record)
        ? BinaryPrimitives.ReadInt64LittleEndian(record[VersionAt..]) + ClaimedCount(record)
        : null;

    /// <summary>How many events a record says that it has, sound or not; 0 when it says nothing.</summary>
    public static int ClaimedCount(ReadOnlySpan<byte> record) =>
        record.Length < HeaderBytes ? 0 : BinaryPrimitives.ReadInt32LittleEndian(record[CountAt..]);

    /// <returns>False when the record is not what was sealed.</returns>
    public static bool TryOpen(ReadOnlyMemory<byte> record, RecordKind kind, RunId run, out SealedRecord opened)
    {
        var bytes = record.Span;
        if (!IsSealed(bytes)
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[CrcAt..]) != Check(bytes, kind, run))
        {
            opened = default;
            return false;
        }
        opened = new SealedRecord(
            BinaryPrimitives.ReadInt32LittleEndian(bytes[CountAt..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[VersionAt..]), record[HeaderBytes..]);
        return true;
    }

    private static uint Check(ReadOnlySpan<byte> record, RecordKind kind, RunId run)
    {
        Span<byte> place = stackalloc byte[64];
        place[0] = (byte)kind;
        var length = 1 + Encoding.ASCII.GetBytes(run.Value, place[1..]);
        return new Crc32C().Add(place[..length]).Add(record[CountAt..]).Value;
    }
}
