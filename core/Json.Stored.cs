namespace AgentGrid.Core;

public sealed partial class Json
{
    // Reads or builds the value; null for one whose text is here.
    private readonly Func<Json>? _load;
    private WeakReference<Json>? _loaded;

    private Json(Func<Json> load, StoredValue? storage) => (_load, Storage) = (load, storage);

    /// <summary>Where the text lies; null when it is here.</summary>
    public StoredValue? Storage { get; }

    /// <summary>How many bytes the text has; that of a stored value is not read for it.</summary>
    public int Length => Storage?.Bytes ?? Utf8.Length;

    /// <summary>The value as far as it is in memory; null when it would have to be read.</summary>
    internal Json? InMemory => _load is null ? this
        : _loaded is { } loaded && loaded.TryGetTarget(out var value) ? value : null;

    /// <summary>The value in memory: for those who use it more than once, and go by its text.</summary>
    internal Json Here => _load is null ? this : Loaded();

    /// <summary>
    /// A value whose text is stored elsewhere. It is the same value to all who use it: its text is read when somebody asks for it, and
    /// kept no longer than they do.
    /// </summary>
    /// <param name="load">Reads it, on the thread that asks; throws when it is not there or not what was stored.</param>
    /// <param name="value">The value as it is in memory now; null when it is not.</param>
    public static Json Stored(StoredValue storage, Func<Json> load, Json? value = null) =>
        new(load, storage) { _loaded = value is null ? null : new WeakReference<Json>(value) };

    /// <summary>A stored value of which is not known yet who reads it: what is in a journal, before its run is there.</summary>
    public static Json Stored(StoredValue storage) => Stored(storage, static () => throw new InvalidOperationException(
        "The value is stored elsewhere, and nobody has said how it is read."));

    /// <summary>A value that is built when somebody asks for it, of others that may be stored.</summary>
    internal static Json Later(Func<Json> build) => new(build, null);

    private Json Loaded()
    {
        if (InMemory is { } here)
        {
            return here;
        }
        var value = _load!();
        _loaded = new WeakReference<Json>(value);
        return value;
    }
}
