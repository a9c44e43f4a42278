using AgentGrid.GrainClient;
using Microsoft.Extensions.Options;
using Orleans.Clustering.Redis;
using Orleans.Configuration;
using StackExchange.Redis;

namespace AgentGrid.Silo.Members;

/// <summary>
/// The table of members that Orleans keeps in Redis, a hash with the version and a row for each silo; and this silo's
/// copy of it. Orleans itself does not notice when the table is lost: silos that are in no table would go on as if
/// nothing had happened, and those that join would make a cluster of their own beside them.
/// </summary>
internal sealed class MembersTable
{
    private const string VersionField = "Version";

    // The version leaps, past all that silos have told each other since the copy was made: Orleans takes no table that is
    // not newer than what it knows, and would keep for ever a member that is in none.
    // Only what is older than the copy, or has not the row that this silo should have, is mended; of several silos one
    // does it, and none whose row has changed since it looked.
    private const string Mend = """
        local version = tonumber(redis.call('HGET', KEYS[1], 'Version') or '-1')
        local known = tonumber(ARGV[1])
        local own = redis.call('HGET', KEYS[1], ARGV[2]) or ''
        if version > known or own ~= ARGV[3] or (version == known and own == ARGV[4]) then
          return -1
        end
        local mended = 0
        if own ~= ARGV[4] then
          redis.call('HSET', KEYS[1], ARGV[2], ARGV[4])
          mended = 1
        end
        for i = 5, #ARGV, 2 do
          mended = mended + redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 1])
        end
        redis.call('HSET', KEYS[1], 'Version', string.format('%.0f', known + 1000))
        return mended
        """;

    private readonly IDatabase _redis;
    private readonly RedisKey _key;
    private readonly RedisValue[] _looked;
    private readonly Func<RedisValue, RedisValue> _right;
    private HashEntry[] _copy = [];
    private long _version = -1;

    public MembersTable(
        [FromKeyedServices(AgentGridClientServices.RedisKey)] IConnectionMultiplexer redis, ILocalSiloDetails silo,
        ISiloStatusOracle silos, IOptions<RedisClusteringOptions> clustering, IOptions<ClusterOptions> cluster)
        : this(
            redis.GetDatabase(), clustering.Value.CreateRedisKey(cluster.Value), silo.SiloAddress.ToString(),
            row => MembersRow.Right(row, silos.CurrentStatus))
    {
    }

    /// <param name="redis">Where the table is.</param>
    /// <param name="key">Its name.</param>
    /// <param name="row">The name of this silo's row.</param>
    /// <param name="right">What should stand where this silo's row is that.</param>
    internal MembersTable(IDatabase redis, RedisKey key, string row, Func<RedisValue, RedisValue> right)
    {
        _right = right;
        _redis = redis;
        _key = key;
        _looked = [VersionField, row];
    }

    public string Name => _key.ToString();

    /// <summary>
    /// Looks at the table. One that is gone or older than it was, because somebody has deleted it or Redis has come
    /// back without its last writes, is written again: newer than what any silo has read, so that all take it.
    /// </summary>
    public async Task<MembersLook> LookAsync()
    {
        // A replica may not have it yet, and whoever reaches nothing else can keep no run.
        var found = await _redis.HashGetAsync(_key, _looked, CommandFlags.DemandMaster).ConfigureAwait(false);
        var (version, own) = (VersionOf(found[0]), found[1]);
        if (version > _version && own.HasValue)
        {
            var all = await _redis.HashGetAllAsync(_key, CommandFlags.DemandMaster).ConfigureAwait(false);
            own = Array.Find(all, e => e.Name == _looked[1]).Value;
            if (own.IsNull)
            {
                return MembersLook.Well; // it has gone since: that is for the next look
            }
            version = _version = VersionOf(Array.Find(all, static e => e.Name == VersionField).Value);
            _copy = [.. all.Where(static e => e.Name != VersionField)];
        }
        if (_copy.Length == 0)
        {
            return new MembersLook.Unseen();
        }
        if (version == _version && own.HasValue && own == _right(own))
        {
            return MembersLook.Well;
        }
        return version > _version ? new MembersLook.Out() : await MendAsync(version, own).ConfigureAwait(false);
    }

    private async Task<MembersLook> MendAsync(long version, RedisValue own)
    {
        var right = _right(own.HasValue ? own : Array.Find(_copy, e => e.Name == _looked[1]).Value);
        RedisValue[] arguments =
        [
            _version, _looked[1], own.HasValue ? own : RedisValue.EmptyString, right,
            .. _copy.Where(e => e.Name != _looked[1]).SelectMany(static e => new[] { e.Name, e.Value }),
        ];
        var mended = (long)await _redis.ScriptEvaluateAsync(Mend, [_key], arguments).ConfigureAwait(false);
        return mended < 0 ? MembersLook.Well : new MembersLook.Mended((int)mended, _copy.Length, IsGone: version < 0);
    }

    private static long VersionOf(RedisValue field) => field.IsNull ? -1 : (long)field;
}
