using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Store;
using AgentGrid.RunLog.Scripts;
using StackExchange.Redis;

namespace AgentGrid.RunLog;

/// <summary>What lies in Redis, as the scripts and commands that read it answer.</summary>
internal sealed class RunLogSource(IDatabase redis, string prefix, RunLogPlans plans, Copies copies) : IRunSource
{
    private static readonly RedisValue[] s_headTipVersion = ["head", "tip", "v"];
    private static readonly string[] s_allStatuses = ["active", "completed", "failed", "cancelled"];

    private readonly RedisKey[] _keys = [prefix];

    public async ValueTask<StoredRun?> FindAsync(RunId run)
    {
        RedisValue[] kept;
        try
        {
            kept = await RedisAnswer.Of(redis.HashGetAsync($"{prefix}:run:{run.Value}", s_headTipVersion, RedisAnswer.FromPrimary))
                .ConfigureAwait(false);
        }
        catch (RedisServerException e) when (e.Message.StartsWith("WRONGTYPE", StringComparison.Ordinal))
        {
            throw RunLogDamage.Of(run, "is not a hash in Redis", e);
        }
        await copies.MadeAsync().ConfigureAwait(false);
        if (!Array.TrueForAll(kept, v => v.IsNull))
        {
            return Read(run, (byte[]?)kept[0], (byte[]?)kept[1], kept[2]);
        }
        // A run and its records come and go in one step, so records alone are damage; unless it came just now.
        return await RedisAnswer.Of(redis.KeyExistsAsync($"{prefix}:log:{run.Value}", RedisAnswer.FromPrimary)).ConfigureAwait(false)
            && !await RedisAnswer.Of(redis.KeyExistsAsync($"{prefix}:run:{run.Value}", RedisAnswer.FromPrimary)).ConfigureAwait(false)
            ? throw RunLogDamage.Of(run, "has events in the log, but does not exist")
            : null;
    }

    public async Task<StoredRun?> FindAsync(RunKey key)
    {
        var found = await ReadRunsAsync(newest: true, double.PositiveInfinity, 1, key.MatchId, key.Round, ["holder"])
            .ConfigureAwait(false);
        return found.Count == 0 ? null : found[0].Run ?? throw found[0].Damage!;
    }

    public ValueTask<Plan?> FindPlanAsync(RunId run, RunHead head) => plans.FindAsync(run, head);

    public async ValueTask<IReadOnlyList<ListedRun>> ReadRunsAsync(RunQuery query, long before, int most) =>
        await ReadRunsAsync(
            newest: true, before == long.MaxValue ? double.PositiveInfinity : before, most, query.MatchId ?? "",
            query.Round ?? "", StatusesOf(query)).ConfigureAwait(false);

    /// <summary>Runs in the order of their acceptance.</summary>
    /// <param name="bound">The number before which, or after which, they come.</param>
    /// <param name="match">Empty for all matches.</param>
    /// <param name="statuses">Their indexes; of a match none for all, or the active ones.</param>
    public async Task<List<ListedRun>> ReadRunsAsync(
        bool newest, double bound, int most, string match, string round, string[] statuses)
    {
        var answer = await EvaluateAsync(
            Script.Runs, [newest ? "1" : "0", bound, most, match, round, .. statuses.Select(s => (RedisValue)s)])
            .ConfigureAwait(false);
        var runs = new List<ListedRun>(answer.Length / 5);
        for (var i = 0; i < answer.Length; i += 5)
        {
            var (run, damage) = Try((string)answer[i + 1]!, answer[i + 2], answer[i + 3], answer[i + 4]);
            runs.Add(new ListedRun((long)answer[i], run, damage));
        }
        return runs;
    }

    public async ValueTask<TurnPage> ReadTurnsAsync(FeedQuery query, long after, TurnLimits limits)
    {
        const int ofRun = 6;
        var (of, name) = query.RunId is { } run ? ("run", run.Value)
            : query.MatchId is { } match ? ("match", match) : ("all", "");
        var answer = await EvaluateAsync(Script.Events, [of, name, after, limits.Turns, limits.Events, limits.Bytes])
            .ConfigureAwait(false);
        var (turns, kept) = ((RedisResult[])answer[1]!, (RedisResult[])answer[2]!);
        var runs = new Dictionary<string, (StoredRun? Run, DamageException? Damage, RunKey Key)>(kept.Length / ofRun);
        for (var i = 0; i < kept.Length; i += ofRun)
        {
            var id = (string)kept[i]!;
            var (found, damage) = Try(id, kept[i + 1], kept[i + 2], kept[i + 3]);
            runs.Add(id, (found, damage, found?.Key
                ?? new RunKey((string?)kept[i + 4] ?? "", (string?)kept[i + 5] ?? "")));
        }
        var read = new List<StoredTurn>(turns.Length / 3);
        for (var i = 0; i < turns.Length; i += 3)
        {
            var (id, record) = ((string)turns[i + 1]!, (byte[]?)turns[i + 2]);
            read.Add(new StoredTurn(
                (long)turns[i], id, runs[id].Key, record is null ? null : record.AsMemory(), runs[id].Damage));
        }
        return new TurnPage(read, (int)answer[0] == 1, of == "run" ? runs.GetValueOrDefault(name).Run : null);
    }

    private static (StoredRun? Run, DamageException? Damage) Try(
        string id, RedisResult head, RedisResult tip, RedisResult version)
    {
        try
        {
            return RunId.TryParse(id, out var run)
                ? (Read(run, (byte[]?)head, (byte[]?)tip, (RedisValue)version), null)
                : (null, RunLogDamage.Of(id, "is named in the log, but is not a run id"));
        }
        catch (DamageException damage)
        {
            return (null, damage);
        }
    }

    private static StoredRun Read(RunId run, byte[]? head, byte[]? tip, RedisValue version)
    {
        if (head is null && tip is null && version.IsNull)
        {
            throw RunLogDamage.Of(run, "is named in the log, but does not exist");
        }
        var read = StoredRun.Read(
            run, head is null ? null : head.AsMemory(), tip is null ? null : tip.AsMemory(), RunLogDamage.Text);
        return !version.IsNull && version.TryParse(out long count) && count == read.Version
            ? read
            : throw RunLogDamage.Of(
                run, $"has {(version.IsNull ? "no number of" : version)} events (field 'v'), and its summary " +
                $"(field 'tip') is of {read.Version}");
    }

    private static string[] StatusesOf(RunQuery query) =>
        query.Activity is not null || query.Status is { } active && !active.IsEnded() ? ["active"]
        : query.MatchId is not null ? [] // few enough to look at each
        : query.Status is { } status ? [status.ToString().ToLowerInvariant()]
        : s_allStatuses;

    private async Task<RedisResult[]> EvaluateAsync(Script script, RedisValue[] arguments)
    {
        var answer = (RedisResult[])(await script.EvaluateAsync(redis, _keys, arguments).ConfigureAwait(false))!;
        await copies.MadeAsync().ConfigureAwait(false);
        return answer;
    }
}
