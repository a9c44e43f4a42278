using System.Collections.Immutable;
using System.Globalization;
using AgentGrid.Core;
using AgentGrid.Engine.Store;
using AgentGrid.RunLog.Scripts;
using StackExchange.Redis;

namespace AgentGrid.RunLog.Recovery;

/// <summary>
/// Makes a sound run log of a damaged one: reads every run, and drops those that cannot be read, each as a whole, after
/// what is there of it has been written to a file. Half of a run cannot be told from a whole one.
/// </summary>
/// <remarks>
/// Silos may run meanwhile: a run goes in one step, and whoever drives it finds that it is gone. Numbers of events are
/// not given again.
/// </remarks>
public sealed class RunLogRecovery
{
    private const int AtOnce = 1_000;
    private const int MostArguments = 2_000;

    private readonly IConnectionMultiplexer _connection;
    private readonly IDatabase _redis;
    private readonly RedisRunLog _log;
    private readonly string _prefix;

    private RunLogRecovery(IConnectionMultiplexer redis, RedisRunLog log, RunLogOptions options)
    {
        _connection = redis;
        _redis = redis.GetDatabase();
        _log = log;
        _prefix = $"{{{options.KeyPrefix}}}:";
    }

    /// <summary>Looks at every run, and drops those that are damaged.</summary>
    /// <param name="folder">Where the file with what is dropped goes; it is made when something is.</param>
    /// <exception cref="IOException">It cannot be written; nothing was dropped that is not in it.</exception>
    public static Task<RunLogRecoveryReport> RecoverAsync(
        IConnectionMultiplexer redis, RunLogOptions options, string folder, TimeProvider time,
        CancellationToken cancellationToken)
    {
        var name = $"agentgrid-runs.damaged-{time.GetUtcNow().UtcDateTime.ToString("yyyyMMddTHHmmssfff", CultureInfo.InvariantCulture)}.jsonl";
        // A log of its own: none of what is remembered elsewhere, such as plans, may hide that it is damaged.
        var log = new RedisRunLog(redis, options, time);
        return new RunLogRecovery(redis, log, options).RunAsync(Path.Combine(folder, name), cancellationToken);
    }

    private async Task<RunLogRecoveryReport> RunAsync(string path, CancellationToken cancellationToken)
    {
        var runs = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var mention in MentionsAsync(cancellationToken).ConfigureAwait(false))
        {
            runs.Add(mention.Run);
        }
        var damaged = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var run in runs)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (await DamageOfAsync(run).ConfigureAwait(false) is { } damage)
            {
                damaged.Add(run, damage);
            }
        }
        // Asked once more: what retention has removed since the first look is in no index any more.
        var entries = damaged.Keys.ToDictionary(r => r, _ => new List<Mention>(), StringComparer.Ordinal);
        if (damaged.Count > 0)
        {
            await foreach (var mention in MentionsAsync(cancellationToken).ConfigureAwait(false))
            {
                if (entries.TryGetValue(mention.Run, out var list))
                {
                    list.Add(mention);
                }
            }
        }
        var dropped = ImmutableArray.CreateBuilder<string>();
        foreach (var (run, damage) in damaged.Where(d => entries[d.Key].Count > 0))
        {
            await Quarantine.WriteAsync(_redis, path, run, damage, entries[run], cancellationToken).ConfigureAwait(false);
            await DropAsync(run, entries[run]).ConfigureAwait(false);
            dropped.Add(damage);
        }
        return new RunLogRecoveryReport(
            runs.Count - damaged.Count, dropped.ToImmutable(), dropped.Count > 0 ? path : null);
    }

    /// <returns>Null when the run is sound.</returns>
    private async Task<string?> DamageOfAsync(string text)
    {
        if (!RunId.TryParse(text, out var run))
        {
            return RunLogDamage.Of(text, "is named in the log, but is not a run id").What;
        }
        try
        {
            return await _log.ReplayAsync(run).ConfigureAwait(false) is null
                ? RunLogDamage.Of(run, "is named in the log, but does not exist").What
                : null;
        }
        catch (DamageException damage)
        {
            return damage.What;
        }
    }

    // Every place of the log that names a run: keys of its own, and entries of what finds runs.
    private async IAsyncEnumerable<Mention> MentionsAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var server in _connection.GetServers().Where(s => s.IsConnected && !s.IsReplica))
        {
            await foreach (var found in server.KeysAsync(_redis.Database, _prefix + "*", AtOnce)
                .WithCancellation(cancellationToken).ConfigureAwait(false))
            {
                var key = (string)found!;
                await foreach (var mention in MentionsAsync(key, key[_prefix.Length..].Split(':', 2))
                    .WithCancellation(cancellationToken).ConfigureAwait(false))
                {
                    yield return mention;
                }
            }
        }
    }

    private async IAsyncEnumerable<Mention> MentionsAsync(string key, string[] name)
    {
        switch (name)
        {
            case ["run" or "log", var run]:
                yield return new Mention(run, key, null, null);
                break;
            case ["rounds", _]:
                await foreach (var round in _redis.HashScanAsync(key, pageSize: AtOnce).ConfigureAwait(false))
                {
                    var value = (string)round.Value!;
                    yield return new Mention(value[(value.IndexOf(':') + 1)..], key, round.Name, round.Value);
                }
                break;
            case ["active" or "completed" or "failed" or "cancelled" or "ended" or "owing"]:
                await foreach (var entry in _redis.SortedSetScanAsync(key, pageSize: AtOnce).ConfigureAwait(false))
                {
                    yield return new Mention((string)entry.Element!, key, entry.Element, entry.Score);
                }
                break;
            case ["feed", ..]:
                await foreach (var entry in _redis.SortedSetScanAsync(key, pageSize: AtOnce).ConfigureAwait(false))
                {
                    var member = (string)entry.Element!;
                    yield return new Mention(
                        member.LastIndexOf(':') is > 0 and var end ? member[..end] : member, key, entry.Element, entry.Score);
                }
                break;
            default:
                break; // names no runs
        }
    }

    private async Task DropAsync(string run, List<Mention> mentions)
    {
        // Entries first: until its keys are gone too, the run is damaged, and a recovery that was cut short is repeated.
        foreach (var some in mentions.Where(m => m.Entry is not null).Chunk(MostArguments))
        {
            RedisValue[] arguments = [run, "0", .. some.SelectMany(m => new RedisValue[] { m.Key, m.Entry!.Value })];
            await EvaluateAsync(arguments).ConfigureAwait(false);
        }
        await EvaluateAsync([run, "1"]).ConfigureAwait(false);
    }

    private async Task EvaluateAsync(RedisValue[] arguments) =>
        await Script.Drop.EvaluateAsync(_redis, [_prefix[..^1]], arguments).ConfigureAwait(false);
}
