using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Streams;
using StackExchange.Redis;

namespace AgentGrid.Streams.Tests.Hosting;

/// <summary>A queue of its own, of texts. It is read as soon as something comes, and never for another reason.</summary>
internal sealed class TestQueue
{
    private const string Provider = "queue";
    private static readonly TimeSpan s_never = TimeSpan.FromHours(1);

    private readonly IConnectionMultiplexer _connection;
    private readonly RedisQueueAdapter _adapter;

    /// <param name="prefix">Of a queue that is there already; null for a new one.</param>
    public TestQueue(IConnectionMultiplexer connection, string? prefix = null)
    {
        _connection = connection;
        Options = new()
        {
            Connection = _ => connection,
            KeyPrefix = prefix ?? SharedRedis.NewPrefix(),
            CheckpointInterval = s_never,
            LongestSleep = s_never,
            Format = new TextFormat(),
        };
        Keys = QueueKeys.Of(Options.KeyPrefix, Provider, 0);
        var mapper = new HashRingBasedStreamQueueMapper(new HashRingStreamQueueMapperOptions { TotalQueueCount = 1 }, Provider);
        _adapter = new RedisQueueAdapter(
            Provider, Options, connection, Options.Format, mapper, static (_, _) => throw new NotSupportedException());
    }

    public RedisStreamOptions Options { get; }

    public QueueKeys Keys { get; }

    public LogLines Log { get; } = new(LogLevel.Information);

    public IDatabase Redis => _connection.GetDatabase();

    public static StreamId Stream(string key) => StreamId.Create(TextFormat.Namespace, key);

    /// <summary>A reader, as a silo has one; several are as when a queue moves.</summary>
    public TestReader Open() => new(this, _connection);

    /// <summary>As producers of Orleans do.</summary>
    public Task AppendAsync(params string[] texts) => AppendToAsync("s", texts);

    public Task AppendToAsync(string stream, params string[] texts) =>
        _adapter.QueueMessageBatchAsync(Stream(stream), texts, token: null, requestContext: null);

    /// <summary>With nothing but XADD: nobody is woken.</summary>
    public async Task AddAsync(string text, string id = "*") =>
        await Redis.StreamAddAsync(Keys.Stream, [new("stream", "s"), new("text", text)], id);

    /// <summary>Waits until a receiver has begun to look for what comes.</summary>
    public Task IsReadAsync() => Limits.UntilAsync(
        () => Redis.KeyExistsAsync(Keys.Sleeping), () => $"Nobody reads '{Keys.Stream}'.");

    public async Task<string?> CheckpointAsync() => await Redis.StringGetAsync(Keys.Checkpoint);

    /// <summary>The id of the newest entry.</summary>
    public async Task<string> NewestAsync() =>
        (await Redis.StreamRangeAsync(Keys.Stream, count: 1, messageOrder: Order.Descending))[0].Id!;

    public static TimeSpan Patience => Limits.Patience;
}
