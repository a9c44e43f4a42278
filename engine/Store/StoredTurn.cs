using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Store;

/// <summary>One record of events as a store has it, not opened yet.</summary>
/// <param name="Last">The number of its last event.</param>
/// <param name="Run">The run's id, or what stands in its place.</param>
/// <param name="Key">The key of its run; with empty parts where it is not known.</param>
/// <param name="Record">What was written; null when it is missing.</param>
/// <param name="Damage">What the store has found already, of the record or of its run; null for nothing.</param>
public readonly record struct StoredTurn(
    long Last, string Run, RunKey Key, ReadOnlyMemory<byte>? Record, DamageException? Damage = null)
{
    /// <summary>
    /// True: the record is the text of the events alone, as stores kept it before records were sealed. The store has
    /// checked it.
    /// </summary>
    public bool IsUnsealed { get; init; }

    /// <summary>How many events it says that it has, sound or not; 0 when it says nothing.</summary>
    public int Claimed => IsUnsealed || Record is not { } record ? 0 : SealedRecord.ClaimedCount(record.Span);

    /// <summary>Its events, and how many the run had before them; null where the record does not say.</summary>
    /// <exception cref="DamageException">It is damaged, or its run is.</exception>
    public (RunEvent[] Events, long? Version) Open(DamageText text)
    {
        if (Damage is not null)
        {
            throw Damage;
        }
        if (Record is not { } record)
        {
            throw text.OfRun(Run, $"lacks the record of event {Last}", Key);
        }
        if (IsUnsealed)
        {
            return (Read(record.Span, null, text), null);
        }
        return RunId.TryParse(Run, out var id) && SealedRecord.TryOpen(record, RecordKind.Turn, id, out var opened)
            ? (Read(opened.Text.Span, opened.Count, text), opened.Version)
            : throw text.OfRun(
                Run, $"has a record that does not match its checksum, event {Last} ({record.Length} bytes)", Key);
    }

    private RunEvent[] Read(ReadOnlySpan<byte> utf8, int? count, DamageText text)
    {
        try
        {
            var events = RunEventJson.Read(utf8);
            return count is null || events.Length == count
                ? events
                : throw new JsonException($"it has {events.Length} events instead of {count}");
        }
        catch (JsonException e)
        {
            throw text.OfRun(
                Run, $"has a record that cannot be read, event {Last}: {e.Message.TrimEnd('.')}", Key, e);
        }
    }

    /// <summary>What it means that a record says another version than the run has by those before it.</summary>
    internal DamageException OneMissing(long said, long before, DamageText text) => text.OfRun(
        Run, $"has {before} events before the record of event {Last}, which was written after {said}: one between them " +
        "is missing", Key);
}
