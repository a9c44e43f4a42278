using System.Runtime.CompilerServices;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Artifacts;
using AgentGrid.Engine.Store;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentGrid.Embedded.Journal;

/// <summary>
/// The runs of a journal, to be looked at: nothing is changed in it, and a process that has it goes on. What is damaged is
/// passed over, and counted.
/// </summary>
public sealed class JournalHistory : IDisposable
{
    private readonly JournalFile _file;
    private readonly JournalReader _reader;
    private readonly StoreReader _store;

    private JournalHistory(JournalFile file, ArtifactFolder artifacts)
    {
        _file = file;
        _reader = new JournalReader(file);
        _store = new StoreReader(_reader, file.Damage, new DamageLog(NullLogger.Instance), TimeProvider.System) { Values = artifacts.Values };
    }

    /// <summary>How many runs were passed over so far because they are damaged.</summary>
    public int Damaged { get; private set; }

    /// <summary>Opens a journal.</summary>
    /// <param name="path">The file, or its folder.</param>
    /// <param name="artifacts">The folder of its artifacts, where large values are; null for the one beside the file.</param>
    /// <exception cref="KeptDataException">It is not there, is not a journal of this version, or cannot be read.</exception>
    public static JournalHistory Open(string path, string? artifacts = null)
    {
        var file = JournalFile.OpenToRead(Directory.Exists(path) ? JournalFile.PathIn(path) : Path.GetFullPath(path));
        return new JournalHistory(
            file, new ArtifactFolder(artifacts ?? Path.Combine(Path.GetDirectoryName(file.Path)!, "artifacts"), new ArtifactOptions()));
    }

    /// <summary>When the last run was accepted; null when there is none.</summary>
    public DateTimeOffset? LastAccepted() => _reader.LastAccepted();

    /// <summary>The runs that were posted, with those of their steps, in the order in which they were accepted.</summary>
    /// <param name="since">Only those that were accepted then or later; null for all.</param>
    /// <param name="plan">Only those of a plan; null for all.</param>
    public async IAsyncEnumerable<HistoricalRun> ReadAsync(
        DateTimeOffset? since, string? plan, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        for (var (after, atEnd) = (0L, false); !atEnd;)
        {
            var page = _reader.ReadPosted(since, plan, after, ref atEnd);
            foreach (var (number, id) in page)
            {
                cancellationToken.ThrowIfCancellationRequested();
                after = number;
                if (id == default)
                {
                    Damaged++;
                    continue;
                }
                if (await ReadAsync(id).ConfigureAwait(false) is { } run)
                {
                    yield return run;
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _reader.Dispose();
        _file.Dispose();
    }

    private async ValueTask<HistoricalRun?> ReadAsync(RunId id)
    {
        try
        {
            if (await _store.ReplayAsync(id).ConfigureAwait(false) is not { } run)
            {
                return null;
            }
            var children = new List<HistoricalRun>();
            foreach (var step in run.Plan.CallsPlans ? run.Steps : [])
            {
                foreach (var attempt in step.Attempts)
                {
                    if (run.ChildOf(step, attempt) is { } child && await ReadAsync(child.ChildId).ConfigureAwait(false) is { } read)
                    {
                        children.Add(read);
                    }
                }
            }
            return new HistoricalRun(run, children);
        }
        catch (DamageException damage) when (damage.Run is not null)
        {
            Damaged++;
            return null;
        }
    }
}

/// <summary>A run of a journal.</summary>
/// <param name="Children">The runs of its steps with <c>plan</c>.</param>
public sealed record HistoricalRun(RunState Run, IReadOnlyList<HistoricalRun> Children);
