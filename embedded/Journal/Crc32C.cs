using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace AgentGrid.Embedded.Journal;

/// <summary>
/// The check of one row: CRC-32C (Castagnoli), which processors compute, over its columns. Keys are part of it, so that
/// a sound row in a wrong place is found too.
/// </summary>
internal struct Crc32C
{
    private const long Null = long.MinValue + 1;

    // No text has such a length: what follows is another column than the one that could have stood here.
    private const long Reason = long.MinValue + 2;
    private uint _crc = uint.MaxValue;

    public Crc32C()
    {
    }

    public readonly long Value => ~_crc;

    public static long OfRecord(long lastSeq, long run, ReadOnlySpan<byte> events) =>
        new Crc32C().Add(lastSeq).Add(run).Add(events).Value;

    /// <summary>Of what never changes in a run's row.</summary>
    public static long OfRun(
        long row, string runId, string matchId, string round, long planId, string planName, string planVersion,
        long acceptedAt) =>
        new Crc32C().Add(row).Add(runId).Add(matchId).Add(round).Add(planId).Add(planName).Add(planVersion)
            .Add(acceptedAt).Value;

    /// <summary>Of what changes in a run's row when it ends or is retried.</summary>
    /// <param name="agents">Null adds nothing: so sums that were written before there was this column hold.</param>
    /// <param name="reason">Null adds nothing here either.</param>
    public static long OfStatus(
        long row, long status, long? startedAt, long? endedAt, string? agents, string? reason)
    {
        var sum = new Crc32C().Add(row).Add(status).Add(startedAt ?? Null).Add(endedAt ?? Null);
        sum = agents is null ? sum : sum.Add(agents);
        return (reason is null ? sum : sum.Add(Reason).Add(reason)).Value;
    }

    public static long OfNumber(string name, long value) => new Crc32C().Add(name).Add(value).Value;

    private Crc32C Add(long value)
    {
        _crc = BitOperations.Crc32C(_crc, (ulong)value);
        return this;
    }

    private Crc32C Add(string text)
    {
        Span<byte> utf8 = stackalloc byte[1_024];
        return Encoding.UTF8.TryGetBytes(text, utf8, out var length)
            ? Add(utf8[..length])
            : Add(Encoding.UTF8.GetBytes(text).AsSpan());
    }

    private Crc32C Add(ReadOnlySpan<byte> bytes)
    {
        Add((long)bytes.Length);
        while (bytes.Length >= sizeof(ulong))
        {
            _crc = BitOperations.Crc32C(_crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[sizeof(ulong)..];
        }
        foreach (var b in bytes)
        {
            _crc = BitOperations.Crc32C(_crc, b);
        }
        return this;
    }
}
