using StackExchange.Redis;

namespace AgentGrid.Streams;

/// <summary>Settings of one provider of streams on Redis.</summary>
public sealed class RedisStreamOptions
{
    /// <summary>
    /// Gives the connection to Redis, which is used for everything and never closed here. It can be shared with others.
    /// </summary>
    public Func<IServiceProvider, IConnectionMultiplexer>? Connection { get; set; }

    /// <summary>
    /// What all keys and channels begin with. In a Redis Cluster it has a hash tag, as <c>{orders}</c> does, so that what
    /// belongs together is kept together. Default <c>{orleans}</c>.
    /// </summary>
    public string KeyPrefix { get; set; } = "{orleans}";

    /// <summary>How many streams of Redis the streams of Orleans are spread over; each is read by one silo. Default 1.</summary>
    public int Queues { get; set; } = 1;

    /// <summary>
    /// About how many entries Redis keeps of each: whoever comes back after more of them has missed some. Default 10,000.
    /// </summary>
    public int MaxLength { get; set; } = 10_000;

    /// <summary>
    /// How many entries of each are kept in memory for subscribers that are behind, or that ask for what has been. One that
    /// is further behind is told so (<c>OnErrorAsync</c>), and goes on with the newest. It should be more than what comes
    /// while a queue moves to another silo. Default 4,096.
    /// </summary>
    public int CacheSize { get; set; } = 4_096;

    /// <summary>
    /// How long it is waited for a subscriber before what it has yet to get falls out of the cache: after a burst, one that
    /// does its best catches up, and one that does not holds up others for no longer. Default 100 ms; 0 for not at all.
    /// </summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How many entries are read at once, at most. Default 256.</summary>
    public int MostAtOnce { get; set; } = 256;

    /// <summary>
    /// How many entries a subscriber is given in one call, at most: a batch observer gets them together, another one by
    /// one. Where there is a stream filter, it is one. Default 128.
    /// </summary>
    public int MostDelivered { get; set; } = 128;

    /// <summary>
    /// How long a receiver that finds much at once lets more gather before it reads again: under load, a read for each
    /// entry would cost more than the entry. Default 1 ms; longer where the system's timer is coarser.
    /// </summary>
    public TimeSpan Gather { get; set; } = TimeSpan.FromMilliseconds(1);

    /// <summary>
    /// How often what has been delivered is written down. After the death of a silo, its successor delivers what came in
    /// this time once more. Default 1 s.
    /// </summary>
    public TimeSpan CheckpointInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How often a receiver looks that nobody has woken: a message that wakes it can be lost with a connection. Default
    /// 5 s.
    /// </summary>
    public TimeSpan LongestSleep { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How entries are written and read; null: with Orleans' serializer. See <see cref="IRedisEntryFormat"/>.</summary>
    public IRedisEntryFormat? Format { get; set; }
}
