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

    // Only what is older than the copy, or has no row for this silo, is mended; of several silos one does it.
    private const string Mend = """
        local version = tonumber(redis.call('HGET', KEYS[1], 'Version') or '-1')
        local known = tonumber(ARGV[1])
        if version > known or (version == known and redis.call('HEXISTS', KEYS[1], ARGV[2]) == 1) then
          return -1
        end
        local added = 0
        for i = 3, #ARGV, 2 do
          added = added + redis.call('HSETNX', KEYS[1], ARGV[i], ARGV[i + 1])
        end
        redis.call('HSET', KEYS[1], 'Version', string.format('%.0f', known + 1))
        return added
        """;

    private readonly IDatabase _redis;
    private readonly RedisKey _key;
    private readonly RedisValue[] _looked;
    private HashEntry[] _copy = [];
    private long _version = -1;

    public MembersTable(
        [FromKeyedServices(AgentGridClientServices.RedisKey)] IConnectionMultiplexer redis, ILocalSiloDetails silo,
        IOptions<RedisClusteringOptions> clustering, IOptions<ClusterOptions> cluster)
        : this(redis.GetDatabase(), clustering.Value.CreateRedisKey(cluster.Value), silo.SiloAddress.ToString())
    {
    }

    internal MembersTable(IDatabase redis, RedisKey key, string row)
    {
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
        var version = VersionOf(found[0]);
        var isIn = found[1].HasValue;
        if (version > _version && isIn)
        {
            var all = await _redis.HashGetAllAsync(_key, CommandFlags.DemandMaster).ConfigureAwait(false);
            // It can have gone since: that is for the next look.
            if (Array.Exists(all, e => e.Name == _looked[1]))
            {
                _version = VersionOf(Array.Find(all, static e => e.Name == VersionField).Value);
                _copy = [.. all.Where(static e => e.Name != VersionField)];
            }
            return MembersLook.Well;
        }
        if (_copy.Length == 0 || (version == _version && isIn))
        {
            return MembersLook.Well; // it has not joined yet, or nothing has changed
        }
        if (version > _version)
        {
            return new MembersLook.Out();
        }
        RedisValue[] arguments =
            [_version, _looked[1], .. _copy.SelectMany(static e => new[] { e.Name, e.Value })];
        var added = (long)await _redis.ScriptEvaluateAsync(Mend, [_key], arguments).ConfigureAwait(false);
        return added < 0 ? MembersLook.Well : new MembersLook.Mended((int)added, _copy.Length, IsGone: version < 0);
    }

    private static long VersionOf(RedisValue field) => field.IsNull ? -1 : (long)field;
}
