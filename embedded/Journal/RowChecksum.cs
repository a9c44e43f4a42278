using System.Text;
using AgentGrid.Engine.Store;

namespace AgentGrid.Embedded.Journal;

/// <summary>
/// The checksums of rows, over their columns. Keys are part of them, so that a sound row in a wrong place is found too.
/// What an older version did not write adds nothing, so that the sums of its rows hold.
/// </summary>
internal static class RowChecksum
{
    private const long Null = long.MinValue + 1;

    // No text has such a length: what follows is another column than the one that could have stood here.
    private const long Reason = long.MinValue + 2, Tenant = long.MinValue + 3, Priority = long.MinValue + 4,
        Tip = long.MinValue + 5;

    /// <summary>Of a row of events. What a record is sealed with is over its text already.</summary>
    public static long OfRecord(long lastSeq, long run, ReadOnlySpan<byte> record) =>
        Add(new Crc32C().Add(lastSeq).Add(run), SealOf(record)).Value;

    /// <summary>Of what never changes in a run's row, but when it gives up its key.</summary>
    public static long OfRun(
        long row, string runId, string matchId, string round, long planId, string planName, string planVersion,
        long acceptedAt, string? tenant, long priority)
    {
        var sum = Add(Add(Add(new Crc32C().Add(row), runId), matchId), round).Add(planId);
        sum = Add(Add(sum, planName), planVersion).Add(acceptedAt);
        sum = tenant is null ? sum : Add(sum.Add(Tenant), tenant);
        return (priority == 0 ? sum : sum.Add(Priority).Add(priority)).Value;
    }

    /// <summary>Of what changes in a run's row: it ends, or is retried.</summary>
    public static long OfStatus(long row, long status, long? endedAt, ReadOnlySpan<byte> tip) =>
        OfStatus(row, status, null, endedAt, null, null, tip);

    /// <inheritdoc cref="OfStatus(long, long, long?, ReadOnlySpan{byte})"/>
    /// <param name="startedAt">As <paramref name="agents"/> and <paramref name="reason"/> written by older versions.</param>
    public static long OfStatus(
        long row, long status, long? startedAt, long? endedAt, string? agents, string? reason, ReadOnlySpan<byte> tip)
    {
        var sum = new Crc32C().Add(row).Add(status).Add(startedAt ?? Null).Add(endedAt ?? Null);
        sum = agents is null ? sum : Add(sum, agents);
        sum = reason is null ? sum : Add(sum.Add(Reason), reason);
        return (tip.IsEmpty ? sum : Add(sum.Add(Tip), SealOf(tip))).Value;
    }

    /// <summary>Of a number that must never be used again.</summary>
    public static long OfNumber(string name, long value) => Add(new Crc32C(), name).Add(value).Value;

    private static ReadOnlySpan<byte> SealOf(ReadOnlySpan<byte> record) =>
        SealedRecord.IsSealed(record) ? record[..SealedRecord.HeaderBytes] : record;

    private static Crc32C Add(Crc32C sum, string text)
    {
        Span<byte> utf8 = stackalloc byte[1_024];
        return Encoding.UTF8.TryGetBytes(text, utf8, out var length)
            ? Add(sum, utf8[..length])
            : Add(sum, Encoding.UTF8.GetBytes(text).AsSpan());
    }

    private static Crc32C Add(Crc32C sum, ReadOnlySpan<byte> bytes) => sum.Add(bytes.Length).Add(bytes);
}
