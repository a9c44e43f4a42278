using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using AgentGrid.Core;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Store;

/// <summary>What is known of a run without replaying it.</summary>
/// <param name="Summary">As it was written with the last turn that changed it.</param>
/// <param name="Version">How many events it has; null where the store does not say it without reading them.</param>
public sealed record StoredRun(RunHead Head, RunSummary Summary, long? Version)
{
    /// <summary>What it was posted under.</summary>
    public RunKey Key => Head.Key;

    /// <summary>Its id.</summary>
    public RunId Id => Summary.RunId;

    /// <summary>Of what a store has: a sealed head and a sealed tip.</summary>
    /// <exception cref="DamageException">Something is missing or is not what was written.</exception>
    public static StoredRun Read(RunId run, ReadOnlyMemory<byte>? head, ReadOnlyMemory<byte>? tip, DamageText text)
    {
        var opened = Open(tip, RecordKind.Tip, "summary", run, text);
        var kept = Parse(Open(head, RecordKind.Head, "description", run, text), run, RecordJson.Head, text);
        return Read(run, kept, opened, text);
    }

    /// <summary>Of what a store has: a sealed tip, and the head in other fields.</summary>
    /// <inheritdoc cref="Read(RunId, ReadOnlyMemory{byte}?, ReadOnlyMemory{byte}?, DamageText)"/>
    public static StoredRun Read(RunId run, RunHead head, ReadOnlyMemory<byte> tip, DamageText text) =>
        Read(run, head, Open(tip, RecordKind.Tip, "summary", run, text), text);

    private static StoredRun Read(RunId run, RunHead head, SealedRecord tip, DamageText text) =>
        new(head, head.With(Parse(tip, run, RecordJson.Tip, text), run), tip.Version);

    private static SealedRecord Open(
        ReadOnlyMemory<byte>? value, RecordKind kind, string name, RunId run, DamageText text)
    {
        var field = kind.ToString().ToLowerInvariant();
        return value is not { } record ? throw text.OfRun(run.Value, $"has no {name} (field '{field}')")
            : SealedRecord.TryOpen(record, kind, run, out var opened) ? opened
            : throw text.OfRun(run.Value, $"has a {name} (field '{field}') that does not match its checksum");
    }

    private static T Parse<T>(SealedRecord value, RunId run, JsonTypeInfo<T> type, DamageText text)
    {
        try
        {
            return JsonSerializer.Deserialize(value.Text.Span, type) ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            throw text.OfRun(run.Value, $"has a {typeof(T).Name} that cannot be read", inner: e);
        }
    }
}
