using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Store;
using AgentGrid.RunLog.Scripts;

namespace AgentGrid.RunLog;

public sealed partial class RedisRunLog
{
    private const int RunsAtOnce = 500;

    /// <inheritdoc/>
    public async Task<StoredRun?> FindAsync(RunId run) => await _source.FindAsync(run).ConfigureAwait(false);

    /// <inheritdoc/>
    public Task<StoredRun?> FindAsync(RunKey key) => _source.FindAsync(key);

    /// <inheritdoc/>
    public Task<RunState?> ReplayAsync(RunId run) => _reader.ReplayAsync(run);

    /// <inheritdoc/>
    public Task<RunJournal?> ReadJournalAsync(RunId run) => _reader.ReadJournalAsync(run);

    /// <inheritdoc/>
    public Task<IReadOnlyList<StoredRun>> ActiveAsync(string? matchId = null) => ReadIndexAsync("active", matchId);

    /// <inheritdoc/>
    public Task<IReadOnlyList<StoredRun>> OwingAsync(string? matchId = null) => ReadIndexAsync("owing", matchId);

    /// <inheritdoc/>
    public Task<RunPage> ListAsync(RunQuery query) => _reader.ListAsync(query);

    /// <inheritdoc/>
    public Task<FeedPage> ReadEventsAsync(FeedQuery query, long after, int limit) =>
        _reader.ReadEventsAsync(query, after, limit).AsTask();

    /// <inheritdoc/>
    public async Task<long> LastSeqAsync()
    {
        var last = (long)await RedisAnswer.Of(_redis.StringGetAsync($"{_prefix}:seq", RedisAnswer.FromPrimary)).ConfigureAwait(false);
        await _copies.MadeAsync().ConfigureAwait(false);
        return last;
    }

    /// <inheritdoc/>
    public void Report(DamageException damage) => _damage.Report(damage);

    private async Task<IReadOnlyList<StoredRun>> ReadIndexAsync(string index, string? matchId)
    {
        var runs = new List<StoredRun>();
        var (after, atOnce) = (0D, matchId is null ? RunsAtOnce : int.MaxValue);
        while (true)
        {
            var found = await _source.ReadRunsAsync(newest: false, after, atOnce, matchId ?? "", "", [index])
                .ConfigureAwait(false);
            foreach (var (_, run, damage) in found)
            {
                if (run is not null)
                {
                    runs.Add(run);
                }
                else
                {
                    Report(damage!);
                }
            }
            if (found.Count < atOnce)
            {
                return runs;
            }
            after = found[^1].Number;
        }
    }
}
