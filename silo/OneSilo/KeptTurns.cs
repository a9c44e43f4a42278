using System.Threading.Channels;
using AgentGrid.Embedded.Store;
using AgentGrid.Engine.Store;
using AgentGrid.GrainInterfaces;
using AgentGrid.GrainInterfaces.Feed;
using Orleans.Streams;

namespace AgentGrid.Silo.OneSilo;

/// <summary>
/// What the store keeps, for the agent of Orleans that brings it to feeds. While there is nothing it sleeps in the middle of the
/// agent's call. What comes faster than it goes is left out, and so are records that are large: feeds read from the store
/// what the stream does not bring.
/// </summary>
internal sealed class KeptTurns : IQueueAdapterReceiver
{
    private const int MostWaiting = 4_096;
    private const int MostAtOnce = 256;
    private const int LargestRecordBytes = 8_192;

    private readonly Channel<FeedTurn> _waiting = Channel.CreateBounded<FeedTurn>(
        new BoundedChannelOptions(MostWaiting) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private readonly SqliteRunStore _store;
    private long _batches;

    public KeptTurns(SqliteRunStore store)
    {
        _store = store;
        store.Kept += Add;
    }

    public Task Initialize(TimeSpan timeout) => Task.CompletedTask;

    public Task<IList<IBatchContainer>> GetQueueMessagesAsync(int maxCount) =>
        GetQueueMessagesAsync(maxCount, CancellationToken.None);

    /// <returns>What there is, or what comes, together; empty when it is cancelled or shut down.</returns>
    public async Task<IList<IBatchContainer>> GetQueueMessagesAsync(int maxCount, CancellationToken cancellationToken)
    {
        try
        {
            if (!await _waiting.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                return [];
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return [];
        }
        var turns = new List<FeedTurn>();
        while (turns.Count < MostAtOnce && _waiting.Reader.TryRead(out var turn))
        {
            turns.Add(turn);
        }
        return [new KeptTurnBatch(ClusterNames.EventStream, ++_batches, turns)];
    }

    public Task MessagesDeliveredAsync(IList<IBatchContainer> messages) => Task.CompletedTask;

    public Task Shutdown(TimeSpan timeout)
    {
        _store.Kept -= Add;
        _waiting.Writer.TryComplete();
        return Task.CompletedTask;
    }

    // On the thread that writes.
    private void Add(StoredTurn turn)
    {
        var record = turn.Record!.Value;
        _waiting.Writer.TryWrite(new FeedTurn(
            turn.Last, turn.Run, turn.Key.MatchId, turn.Key.Round,
            record.Length <= LargestRecordBytes ? record.ToArray() : []));
    }
}
