using StackExchange.Redis;

namespace AgentGrid.Streams;

/// <summary>Settings of one provider of streams on Redis.</summary>
public sealed class RedisStreamOptions
{
    /// <summary>
    /// Returns the connection to Redis, which is used for everything and never closed here. It can be shared.
    /// </summary>
    public Func<IServiceProvider, IConnectionMultiplexer>? Connection { get; set; }

    /// <summary>
    /// The prefix of all keys and channels. In a Redis Cluster it needs a hash tag, such as <c>{orders}</c>, so that what
    /// belongs together is kept together. Default <c>{orleans}</c>.
    /// </summary>
    public string KeyPrefix { get; set; } = "{orleans}";

    /// <summary>How many Redis streams the Orleans streams are spread over; each is read by one silo. Default 1.</summary>
    public int Queues { get; set; } = 1;

    /// <summary>
    /// About how many entries Redis keeps of each: a subscriber that is further behind has missed some. Default 10,000.
    /// </summary>
    public int MaxLength { get; set; } = 10_000;

    /// <summary>
    /// How many entries of each are kept in memory for subscribers that are behind, or that ask for past events. One that
    /// is further behind is told so (<c>OnErrorAsync</c>), and continues with the newest. It should be more than what arrives
    /// while a queue moves to another silo. Default 4,096.
    /// </summary>
    public int CacheSize { get; set; } = 4_096;

    /// <summary>
    /// How long to wait for a subscriber before entries it has not received fall out of the cache: after a burst, one that
    /// keeps reading catches up, and one that does not holds up others for no longer than this. Default 100 ms; 0 for not at all.
    /// </summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How many entries are read at once, at most. Default 256.</summary>
    public int MostAtOnce { get; set; } = 256;

    /// <summary>
    /// The most entries a subscriber is given in one call: a batch observer gets them together, any other one by
    /// one. Where there is a stream filter, it is one. Default 128.
    /// </summary>
    public int MostDelivered { get; set; } = 128;

    /// <summary>
    /// How long a receiver that finds many entries at once waits for more before it reads again: under load, a read for each
    /// entry would cost more than the entry. Default 1 ms; longer where the system's timer is coarser.
    /// </summary>
    public TimeSpan Gather { get; set; } = TimeSpan.FromMilliseconds(1);

    /// <summary>
    /// How often delivery progress is saved. After the death of a silo, its successor delivers what arrived in
    /// this time again. Default 1 s.
    /// </summary>
    public TimeSpan CheckpointInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How often a receiver checks without being woken: a message that wakes it can be lost with a connection. Default
    /// 5 s.
    /// </summary>
    public TimeSpan LongestSleep { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How many replicas of Redis must have an entry before it is delivered, so that none is that a failover loses. Default 0.
    /// </summary>
    public int Replicas { get; set; }

    /// <summary>How entries are written and read; null: with Orleans' serializer. See <see cref="IRedisEntryFormat"/>.</summary>
    public IRedisEntryFormat? Format { get; set; }
}
