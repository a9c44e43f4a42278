using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Store;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Engine.Durations;

/// <summary>
/// Learns durations from the last runs that are kept, when a process begins: one after the other, beside all else, and no more than
/// is quickly read.
/// </summary>
/// <param name="durations">Who learns.</param>
/// <param name="list">Lists runs, newest first.</param>
/// <param name="replay">Replays a run; null when it is not there any more.</param>
/// <param name="stopping">Cancelled when nothing is to be begun any more.</param>
public sealed partial class DurationHistory(
    LearnedDurations durations, Func<RunQuery, Task<RunPage>> list, Func<RunId, Task<RunState?>> replay, Platform platform,
    TimeProvider time, ILogger logger, CancellationToken stopping) : IThreadPoolWorkItem
{
    /// <summary>How many runs are read at most.</summary>
    public const int MostRuns = 200;

    private const int MostEnds = 20_000;
    private const long MostBytes = 32 << 20;
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(10);

    private readonly List<(Plan Plan, bool IsInline, EndedWork Work)> _ends = [];
    private readonly Queue<RunId> _runs = new();
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long _started = time.GetTimestamp();
    private long _bytes;
    private bool _isListed;

    /// <summary>Completes when what was read is known, or reading has failed.</summary>
    public Task Done => platform.Wait(_done.Task);

    /// <summary>Begins to read; returns at once.</summary>
    public void Begin() => platform.Queue(this, preferLocal: false);

    void IThreadPoolWorkItem.Execute() => _ = ReadAsync();

    private async Task ReadAsync()
    {
        try
        {
            if (stopping.IsCancellationRequested || !await ReadNextAsync().ConfigureAwait(false))
            {
                durations.Record(_ends);
                _done.SetResult();
                return;
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // Nobody waits for it: what is not known is learned anew.
            LogUnread(logger, e);
            durations.Record(_ends);
            _done.SetResult();
            return;
        }
        platform.Queue(this, preferLocal: false);
    }

    /// <returns>False when nothing is left to read, or it is enough.</returns>
    private async Task<bool> ReadNextAsync()
    {
        if (!_isListed)
        {
            _isListed = true;
            var page = await platform.Wait(list(new RunQuery(Limit: MostRuns))).ConfigureAwait(false);
            foreach (var run in page.Runs)
            {
                _runs.Enqueue(run.RunId);
            }
            return _runs.Count > 0;
        }
        try
        {
            if (await platform.Wait(replay(_runs.Dequeue())).ConfigureAwait(false) is { } run)
            {
                Read(run);
            }
        }
        catch (DamageException)
        {
            // Whoever asks for it is told.
        }
        return _runs.Count > 0 && _ends.Count < MostEnds && _bytes < MostBytes && time.GetElapsedTime(_started) < s_longest;
    }

    private void Read(RunState run)
    {
        _bytes += run.Input.Length;
        foreach (var step in run.Steps)
        {
            foreach (var attempt in step.Attempts)
            {
                _bytes += attempt.Output?.Length ?? 0;
                if (EndedWork.Of(step, attempt) is { } work)
                {
                    _ends.Add((run.Plan, run.Inline, work));
                }
            }
            if (EndedWork.Of(step) is { } done)
            {
                _ends.Add((run.Plan, run.Inline, done));
            }
        }
    }

    [LoggerMessage(260, LogLevel.Warning, "What earlier runs took could not be read; it is learned anew")]
    private static partial void LogUnread(ILogger logger, Exception exception);
}
