using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Feed;
using AgentGrid.Core.Plans;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Artifacts;
using AgentGrid.Engine.Store;
using AgentGrid.RunLog.Scripts;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace AgentGrid.RunLog;

/// <summary>
/// The durable truth of a cluster's runs, in Redis. Every change is one script, and so happens wholly or not at all.
/// Events get their numbers in it: from 1, without gaps, in the order in which they were kept.
/// </summary>
/// <remarks>
/// Can be called concurrently, by any number of processes. What is kept is as durable as Redis is told to make it:
/// with <c>appendonly yes</c> and <c>appendfsync always</c> it survives the machine; with <c>everysec</c> a crash of
/// the machine loses the last second, numbers that were seen included. When a call ends with an exception of
/// StackExchange.Redis, the change may have been made: every method can be called again, see there.
/// </remarks>
public sealed partial class RedisRunLog : IRunStore
{
    private const int SweptAtOnce = 50;
    private const int RecordsSweptAtOnce = 2_000;
    private const int LatelySeconds = 10;
    private static readonly TimeSpan ShortestWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(60);

    private readonly IDatabase _redis;
    private readonly RunLogOptions _options;
    private readonly TimeProvider _time;
    private readonly DamageLog _damage;
    private readonly RunLogPlans _plans;
    private readonly RunLogSource _source;
    private readonly StoreReader _reader;
    private readonly TurnBatches _turns;
    private readonly Copies _copies;
    private readonly RecentTurns _recent = new();
    private readonly string _prefix;
    private readonly RedisKey[] _keys;
    private readonly RedisValue _channel;
    private readonly Lazy<bool> _isCluster;

    /// <param name="logger">Where damaged runs are named; null: nowhere.</param>
    public RedisRunLog(
        IConnectionMultiplexer redis, RunLogOptions options, TimeProvider time, ILogger<RedisRunLog>? logger = null)
    {
        if (options.KeyPrefix.Length == 0 || options.KeyPrefix.AsSpan().IndexOfAny('{', '}') >= 0)
        {
            throw new ArgumentException(
                $"The key prefix of the run log is '{options.KeyPrefix}': expected one character or more, " +
                "and no braces. Change RunLogOptions.KeyPrefix.", nameof(options));
        }
        _redis = redis.GetDatabase();
        _options = options;
        _time = time;
        _damage = new DamageLog(logger ?? NullLogger<RedisRunLog>.Instance);
        _prefix = $"{{{options.KeyPrefix}}}";
        _keys = [_prefix];
        _channel = options.Channel ?? "";
        _copies = new Copies(_redis, options.Replicas);
        _turns = new TurnBatches(_redis, _keys, _channel, time);
        _isCluster = new Lazy<bool>(() => Array.Exists(
            redis.GetServers(), static s => s is { IsConnected: true, ServerType: ServerType.Cluster }));
        _plans = new RunLogPlans(_redis, _prefix);
        _source = new RunLogSource(_redis, _prefix, _plans, _copies);
        _reader = new StoreReader(_source, RunLogDamage.Text, _damage, time);
    }

    /// <summary>Where large values of its runs lie; null when nowhere.</summary>
    public StoredValues? Values
    {
        get => _reader.Values;
        set => _reader.Values = value;
    }

    /// <summary>
    /// Tries, without a trace, whether Redis allows everything that a log does. Where it does not, a change could end
    /// half made, so that nothing must be changed.
    /// </summary>
    /// <exception cref="RedisServerException">It does not: the message is that of Redis.</exception>
    public Task CheckRightsAsync() => Script.Rights.EvaluateAsync(_redis, _keys, [_channel]);

    /// <inheritdoc/>
    public async Task<AcceptOutcome> AcceptAsync(RunEvent.RunAccepted accepted, Plan plan, int maxRuns)
    {
        var arguments = AcceptArguments(accepted, plan, maxRuns);
        var answer = await EvaluateAsync(Script.Accept, arguments).ConfigureAwait(false);
        if ((string?)answer[0] == "plan")
        {
            arguments[7] = plan.Definition.Utf8;
            answer = await EvaluateAsync(Script.Accept, arguments).ConfigureAwait(false);
        }
        // Whose key is taken is told what was kept before, maybe a moment ago.
        await _copies.MadeAsync().ConfigureAwait(false);
        switch ((string?)answer[0])
        {
            case "kept":
                _plans.Add(plan);
                _recent.Add((long)answer[1], (byte[])arguments[10]!, [accepted]);
                Announce((long)answer[1], (int)answer[2] != 0, accepted.RunId, accepted.Key, [accepted]);
                return new AcceptOutcome.Kept((long)answer[1]);
            case "taken":
                var by = (string)answer[1]!;
                return new AcceptOutcome.KeyTaken(RunId.TryParse(by, out var run)
                    ? run
                    : throw RunLogDamage.Of(by, $"has the key '{accepted.Key}', which is not a run id"));
            case "full":
                var (reason, wait) = WhyFull(maxRuns, answer);
                return new AcceptOutcome.Full(reason, wait);
            case var other:
                throw new InvalidOperationException($"The script that accepts runs answered '{other}'.");
        }
    }

    /// <inheritdoc/>
    public async Task<AppendOutcome> AppendAsync(
        RunId run, long expectedVersion, IReadOnlyList<RunEvent> events, RunSummary summary, int maxRuns = int.MaxValue)
    {
        var (arguments, record, bytes) = AppendArguments(run, expectedVersion, events, summary);
        var (answer, isListened) = await _turns.AppendAsync(arguments, bytes, maxRuns).ConfigureAwait(false);
        switch ((string?)answer[0])
        {
            case "kept":
                _recent.Add((long)answer[1], record, events);
                await _copies.MadeAsync().ConfigureAwait(false);
                Announce((long)answer[1], isListened, run, new RunKey(summary.MatchId, summary.Round), events);
                return new AppendOutcome.Kept((long)answer[1]);
            case "conflict":
                return AppendOutcome.Conflict.Instance;
            case "gone":
                return AppendOutcome.Gone.Instance;
            case "full":
                var (reason, wait) = WhyFull(maxRuns, answer);
                return new AppendOutcome.Full(reason, wait);
            case "status":
                throw TurnCheck.NotMoved(run, (RunStatus)(int)answer[1], summary);
            case var other:
                throw new InvalidOperationException($"The script that keeps turns answered '{other}'.");
        }
    }

    /// <inheritdoc/>
    public ImmutableArray<FeedEvent> EventsOf(long last, string run, RunKey key, byte[] record) =>
        FeedReader.EventsOf(last, run, key, record, _recent);

    /// <inheritdoc/>
    public async Task<int> SweepAsync(int most)
    {
        var before = (_time.GetUtcNow() - _options.Retention).ToUnixTimeMilliseconds();
        var removed = 0;
        while (removed < most)
        {
            // Redis serves nobody else meanwhile, so a few runs at a time.
            var some = Math.Min(most - removed, SweptAtOnce);
            var answer = await EvaluateAsync(Script.Sweep, [before, some, RecordsSweptAtOnce]).ConfigureAwait(false);
            removed += (int)answer[0];
            if ((int)answer[1] < some && (int)answer[0] == (int)answer[1])
            {
                break;
            }
        }
        return removed;
    }

    private RedisValue[] AcceptArguments(RunEvent.RunAccepted e, Plan plan, int maxRuns)
    {
        var writer = TurnWriter.OfThread;
        var (head, line) = (RunHead.Of(e, _plans.HashOf(plan)), RunHead.LineOf(e));
        return
        [
            e.RunId.Value, e.MatchId, e.Round, e.Tenant ?? "", maxRuns,
            _time.GetUtcNow().ToUnixTimeMilliseconds(), head.PlanKey, _plans.Knows(plan) ? "" : plan.Definition.Utf8,
            writer.Head(e.RunId, head), writer.Tip(1, line),
            writer.Turn(e.RunId, 0, [e]).ToArray(), _channel, (int)line.Status, e.Supersedes?.Value ?? "",
        ];
    }

    private static (RedisValue[] Arguments, byte[] Record, int Bytes) AppendArguments(
        RunId run, long expectedVersion, IReadOnlyList<RunEvent> events, RunSummary summary)
    {
        var moved = TurnCheck.MovedTo(run, events, summary);
        var writer = TurnWriter.OfThread;
        var version = expectedVersion + events.Count;
        var (tip, turn) = (writer.Tip(version, summary), writer.Turn(run, expectedVersion, events).ToArray());
        return (
            [
                run.Value, expectedVersion, version, events.Count, (int)summary.Status, moved is null ? "0" : "1",
                summary.EndedAt?.ToUnixTimeMilliseconds() ?? 0, tip, turn,
                summary.Status.IsEnded() && summary.OpenWebhooks > 0 ? "1" : "0",
            ],
            turn, tip.Length + turn.Length);
    }

    // Tells those who listen to the channel, if there are any. Nobody waits for it, and it is sent before anything else of
    // the run can be. A Redis Cluster does not say who listens to another of its servers.
    private void Announce(long last, bool isListened, RunId run, RunKey key, IReadOnlyList<RunEvent> events)
    {
        if (_options.Channel is null || (!isListened && !_isCluster.Value))
        {
            return;
        }
        var writer = TurnWriter.OfThread.Feed;
        for (var i = 0; i < events.Count; i++)
        {
            var e = writer.Write(last - events.Count + 1 + i, run, key, events[i]);
            _ = _redis.PublishAsync(
                RedisChannel.Literal(_options.Channel), e.Utf8, CommandFlags.FireAndForget);
        }
    }

    private (string Reason, TimeSpan RetryAfter) WhyFull(int maxRuns, RedisResult[] answer)
    {
        var (held, own, lately, tenant) = ((long)answer[1], (long)answer[2], (long)answer[3], (string?)answer[5]);
        var free = maxRuns - held;
        var reason = free <= 0
            ? $"{held} runs are active or queued, as many as are allowed (options MaxActiveRuns and MaxQueuedRuns)."
            : $"'{tenant}' has {own} of {maxRuns} possible runs, and the last {free} are kept for others.";
        // As places have become free lately; where none has, as long again as it has been by now.
        var wait = lately > 0 ? TimeSpan.FromSeconds((double)LatelySeconds / lately)
            : answer[4] is { IsNull: false } end && (string?)end is { Length: > 0 } text
                ? _time.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds(
                    (long)double.Parse(text, System.Globalization.CultureInfo.InvariantCulture))
                : TimeSpan.FromSeconds(LatelySeconds);
        wait = wait < ShortestWait ? ShortestWait : wait > LongestWait ? LongestWait : wait;
        return (reason, wait);
    }

    private async Task<RedisResult[]> EvaluateAsync(Script script, RedisValue[] arguments) =>
        (RedisResult[])(await script.EvaluateAsync(_redis, _keys, arguments).ConfigureAwait(false))!;
}
