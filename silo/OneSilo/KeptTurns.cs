using System.Threading.Channels;
using AgentGrid.Embedded.Store;
using AgentGrid.Engine.Store;
using AgentGrid.GrainInterfaces;
using AgentGrid.GrainInterfaces.Feed;
using Orleans.Streams;

namespace AgentGrid.Silo.OneSilo;

/// <summary>
/// Puts what the store keeps into the stream of events. What comes faster than it goes is left out, and so are records that
/// are large: feeds read from the store what the stream does not bring.
/// </summary>
internal sealed partial class KeptTurns : BackgroundService
{
    private const int MostWaiting = 4_096;
    private const int MostAtOnce = 256;
    private const int LargestRecordBytes = 8_192;

    private readonly Channel<FeedTurn> _waiting = Channel.CreateBounded<FeedTurn>(
        new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private readonly SqliteRunStore _store;
    private readonly IClusterClient _cluster;
    private readonly ILogger<KeptTurns> _logger;

    public KeptTurns(SqliteRunStore store, IClusterClient cluster, ILogger<KeptTurns> logger)
    {
        _store = store;
        _cluster = cluster;
        _logger = logger;
        store.Kept += Add;
    }

    public override void Dispose()
    {
        _store.Kept -= Add;
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var stream = _cluster.GetStreamProvider(ClusterNames.Events).GetStream<FeedTurn>(ClusterNames.EventStream);
        var turns = new List<FeedTurn>();
        try
        {
            while (await _waiting.Reader.WaitToReadAsync(stoppingToken).ConfigureAwait(false))
            {
                turns.Clear();
                while (turns.Count < MostAtOnce && _waiting.Reader.TryRead(out var turn))
                {
                    turns.Add(turn);
                }
                await BringAsync(stream, turns, stoppingToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return;
        }
    }

    private async Task BringAsync(IAsyncStream<FeedTurn> stream, List<FeedTurn> turns, CancellationToken stoppingToken)
    {
        try
        {
            await stream.OnNextBatchAsync([.. turns]).WaitAsync(stoppingToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not OutOfMemoryException && !stoppingToken.IsCancellationRequested)
        {
            LogLeftOut(_logger, e, turns.Count);
        }
    }

    // On the thread that writes.
    private void Add(StoredTurn turn)
    {
        var record = turn.Record!.Value;
        _waiting.Writer.TryWrite(new FeedTurn(
            turn.Last, turn.Run, turn.Key.MatchId, turn.Key.Round,
            record.Length <= LargestRecordBytes ? record.ToArray() : []));
    }

    [LoggerMessage(960, LogLevel.Debug, "The stream of events did not take {Turns} turns; feeds read them from the store")]
    private static partial void LogLeftOut(ILogger logger, Exception exception, int turns);
}
