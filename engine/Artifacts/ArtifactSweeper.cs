using AgentGrid.Core;
using AgentGrid.Core.Runs;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Engine.Artifacts;

/// <summary>
/// Removes artifacts that nobody needs: those of runs that are not kept any more, those of ended runs that nothing in their journal
/// refers to, and what was never finished. One process of a grid does so.
/// </summary>
/// <param name="find">Where a run stands; null when it is not kept (any more).</param>
/// <param name="replay">A run, by what is durable.</param>
public sealed partial class ArtifactSweeper(
    IArtifactStore store, Func<RunId, ValueTask<RunSummary?>> find, Func<RunId, ValueTask<RunState?>> replay, TimeProvider time,
    ILogger logger) : IDisposable
{
    private static readonly TimeSpan s_longestPause = TimeSpan.FromMinutes(10);

    // What is known of ended runs, so that their journals are not read again and again.
    private readonly Dictionary<RunId, Settled> _settled = [];
    private readonly SemaphoreSlim _one = new(1);

    /// <summary>
    /// How old artifacts must be that nobody knows of: their run may be about to be accepted, or to go on. Longer than clocks of the
    /// machines that share the store differ. Default 1 min.
    /// </summary>
    public TimeSpan Grace { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long nobody must have written to what is unfinished. Default 1 h.</summary>
    public TimeSpan Unfinished { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Looks once; while another look is under way it returns at once. What fails is tried again with the next.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        if (!await _one.WaitAsync(0, CancellationToken.None).ConfigureAwait(false))
        {
            return;
        }
        try
        {
            var seen = new HashSet<RunId>();
            await foreach (var kept in store.RunsAsync(cancellationToken).ConfigureAwait(false))
            {
                seen.Add(kept.Run);
                await LookAsync(kept, cancellationToken).ConfigureAwait(false);
            }
            foreach (var gone in _settled.Keys.Where(r => !seen.Contains(r)).ToArray())
            {
                _settled.Remove(gone);
            }
            await store.RemoveUnfinishedAsync(time.GetUtcNow() - Unfinished, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The next process goes on.
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            LogFailed(logger, e);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Waits until a look that was cancelled has noticed it; there are no further ones.</summary>
    public void Dispose() => _one.Wait();

    private async Task LookAsync(RunWithArtifacts kept, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var known = _settled.GetValueOrDefault(kept.Run);
        if (known.ChangedAt == kept.ChangedAt && now < known.NextLook)
        {
            return;
        }
        try
        {
            if (await find(kept.Run).ConfigureAwait(false) is not { } run)
            {
                if (now - kept.ChangedAt >= Grace)
                {
                    await store.RemoveAsync(kept.Run, cancellationToken).ConfigureAwait(false);
                }
                return;
            }
            if (!run.Status.IsEnded())
            {
                return;
            }
            if (known.ChangedAt == kept.ChangedAt || await IsTidyAsync(kept.Run, now - Grace, cancellationToken).ConfigureAwait(false))
            {
                var pause = (now - (run.EndedAt ?? now)) / 10;
                _settled[kept.Run] = new Settled(kept.ChangedAt, now + (pause < s_longestPause ? pause : s_longestPause));
            }
        }
        catch (Exception e) when (e is not OutOfMemoryException and not OperationCanceledException)
        {
            // One that is damaged must not keep the others, and fills no log.
            _settled[kept.Run] = new Settled(kept.ChangedAt, now + s_longestPause);
            LogRunFailed(logger, e, kept.Run);
        }
    }

    private async Task<bool> IsTidyAsync(RunId run, DateTimeOffset before, CancellationToken cancellationToken)
    {
        if (await replay(run).ConfigureAwait(false) is not { } state || !state.Status.IsEnded())
        {
            return false;
        }
        var swept = await store.SweepAsync(run, RunArtifacts.Needed(state), before, cancellationToken).ConfigureAwait(false);
        if (swept.Removed > 0)
        {
            LogSwept(logger, swept.Removed, run);
        }
        return swept.Left == 0;
    }

    private readonly record struct Settled(DateTimeOffset ChangedAt, DateTimeOffset NextLook);

    [LoggerMessage(230, LogLevel.Debug, "Removed {Artifacts} artifacts of run {Run} that its outputs do not refer to")]
    private static partial void LogSwept(ILogger logger, int artifacts, RunId run);

    [LoggerMessage(231, LogLevel.Warning, "Artifacts could not be tidied; it is tried again")]
    private static partial void LogFailed(ILogger logger, Exception exception);

    [LoggerMessage(232, LogLevel.Warning, "The artifacts of run {Run} could not be tidied; it is tried again")]
    private static partial void LogRunFailed(ILogger logger, Exception exception, RunId run);
}
