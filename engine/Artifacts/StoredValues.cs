using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Grid;

namespace AgentGrid.Engine.Artifacts;

/// <summary>
/// Large values of runs, whose text lies in the artifact store in place of the journal and of memory. Nobody who has such a value sees
/// it: the text is read again when it is asked for. The last few stay in memory, for the step that comes next.
/// </summary>
/// <param name="store">Where they lie.</param>
/// <param name="fromBytes">Values of so many bytes and more are stored; 0: none are.</param>
public sealed class StoredValues(IArtifactStore store, int fromBytes)
{
    private const int RecentBytes = 8 << 20;

    private readonly Lock _gate = new();
    private readonly Queue<Json> _recent = new();
    private long _bytes;

    /// <summary>Stores a value, if it is large; it is durable when the call returns.</summary>
    /// <returns>The value itself where it is small, and where it cannot be stored: the journal has it then.</returns>
    public async ValueTask<Json> KeepAsync(RunId run, Json value, CancellationToken cancellationToken = default)
    {
        if (!IsFor(value))
        {
            return value;
        }
        try
        {
            var kept = await store.WriteAsync(run, value.Utf8, cancellationToken).ConfigureAwait(false);
            var stored = new StoredValue(kept.Sha256, value.Length, ArtifactReference.MayBeIn(value));
            Remember(value);
            return Json.Stored(stored, () => Load(run, stored), value);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or AgentException)
        {
            return value; // as one that is just too small for it
        }
    }

    /// <summary>A value is large enough for it, and in memory.</summary>
    public bool IsFor(Json value) => fromBytes > 0 && value.Storage is null && value.Length >= fromBytes;

    /// <summary>A value that came from another process, which has stored it if it is large.</summary>
    public static Json Find(IArtifactStore? store, RunId run, Json value) =>
        value.Storage is { } stored && store is not null ? store.Values.At(run, stored) : value;

    /// <summary>A value that is in the store, as its journal has it.</summary>
    public Json At(RunId run, StoredValue stored) => Json.Stored(stored, () => Load(run, stored));

    private Json Load(RunId run, StoredValue stored)
    {
        var text = Read(run, stored.Sha256);
        var value = text is not null && text.Length == stored.Bytes && ArtifactHash.Of(text) == stored.Sha256
            ? Json.Sound(text)
            : throw new KeptDataException(
                $"A value of run {run} of {stored.Bytes:N0} bytes is {(text is null ? "missing" : "damaged")} among its artifacts " +
                $"(sha256 {stored.Sha256}). Restore the artifacts from a backup, or post the run anew.");
        Remember(value);
        return value;
    }

    private byte[]? Read(RunId run, string sha256)
    {
        try
        {
            return store.Read(run, sha256);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KeptDataException($"The artifacts of run {run} cannot be read: {e.Message}", e);
        }
    }

    private void Remember(Json value)
    {
        lock (_gate)
        {
            _recent.Enqueue(value);
            _bytes += value.Length;
            while (_bytes > RecentBytes && _recent.TryDequeue(out var oldest))
            {
                _bytes -= oldest.Length;
            }
        }
    }
}
