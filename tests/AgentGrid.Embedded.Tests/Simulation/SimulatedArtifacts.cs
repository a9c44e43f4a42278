using System.Security.Cryptography;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Engine.Artifacts;
using AgentGrid.Simulation.Clock;

namespace AgentGrid.Embedded.Tests.Simulation;

/// <summary>Artifacts on the simulated disk: what has been written is there after every crash. Only values of runs lie there.</summary>
internal sealed class SimulatedArtifacts(SimulationSettings settings, SimulatedClock clock) : IArtifactStore
{
    // Nobody of the simulation looks at the chance of others.
    private readonly Random _random = new(settings.Seed);
    private readonly SortedDictionary<RunId, Dictionary<string, (byte[] Bytes, TimeSpan At)>> _runs = new(Comparer<RunId>.Create(
        static (a, b) => string.CompareOrdinal(a.Value, b.Value)));
    private readonly List<(RunId Run, string Sha256)> _unsynced = [];

    /// <summary>How many have been written.</summary>
    public int Written { get; private set; }

    /// <inheritdoc/>
    /// <remarks>New with each process: nothing is left in its memory.</remarks>
    public StoredValues Values { get; private set; } = null!;

    /// <summary>A process begins, and the one before has ended.</summary>
    public void Boot()
    {
        Values = new StoredValues(this, settings.StoresValues ? 8 : 0);
        foreach (var (run, sha256) in _unsynced)
        {
            _runs.GetValueOrDefault(run)?.Remove(sha256);
        }
        _unsynced.Clear();
    }

    public ValueTask<ArtifactContent> WriteAsync(RunId run, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        if (settings.DiskErrors && _random.Next(20) == 0)
        {
            throw new IOException("no space left on the simulated disk");
        }
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(content.Span));
        var ofRun = _runs.TryGetValue(run, out var some) ? some : _runs[run] = [];
        if (!ofRun.ContainsKey(sha256) && settings.Breakage == Breakage.StoresValuesLate)
        {
            _unsynced.Add((run, sha256));
        }
        ofRun[sha256] = (content.ToArray(), clock.Now);
        Written++;
        return ValueTask.FromResult(new ArtifactContent(sha256, content.Length));
    }

    public byte[]? Read(RunId run, string sha256) => _runs.GetValueOrDefault(run)?.GetValueOrDefault(sha256).Bytes;

    public ValueTask<long?> FindAsync(RunId run, string sha256, CancellationToken cancellationToken) =>
        ValueTask.FromResult((long?)Read(run, sha256)?.Length);

    public async IAsyncEnumerable<RunWithArtifacts> RunsAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        foreach (var (run, kept) in _runs.ToArray())
        {
            yield return new RunWithArtifacts(run, WrittenAt(kept.Values.Select(static k => k.At).DefaultIfEmpty().Max()));
        }
    }

    public ValueTask<SweptArtifacts> SweepAsync(
        RunId run, IReadOnlySet<string> needed, DateTimeOffset before, CancellationToken cancellationToken)
    {
        var unneeded = _runs[run].Where(k => !needed.Contains(k.Key)).ToArray();
        var removed = unneeded.Count(k => WrittenAt(k.Value.At) < before && _runs[run].Remove(k.Key));
        return ValueTask.FromResult(new SweptArtifacts(removed, unneeded.Length - removed));
    }

    public ValueTask RemoveAsync(RunId run, CancellationToken cancellationToken)
    {
        _runs.Remove(run);
        return ValueTask.CompletedTask;
    }

    public ValueTask RemoveUnfinishedAsync(DateTimeOffset before, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    // The clock of the machine jumps, and the times of files with it: by as much as nobody foresees.
    private DateTimeOffset WrittenAt(TimeSpan at) => clock.WallTime - (clock.Now - at);

    // No agent of the simulation writes any.
    public ValueTask<ArtifactContent> WriteAsync(RunId run, Stream content, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<ArtifactContent> TakeAsync(RunId run, string path, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<Stream?> OpenAsync(RunId run, string sha256, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask<string?> PathAsync(RunId run, string sha256, Func<string> folder, CancellationToken cancellationToken) => throw new NotSupportedException();

    public string FreshFolder() => throw new NotSupportedException();

    public ValueTask<bool> ShareAsync(RunId from, RunId to, string sha256, CancellationToken cancellationToken) => throw new NotSupportedException();
}
