using Orleans.Streams;

namespace AgentGrid.Streams.Tests.Cluster;

/// <summary>
/// A grain that subscribes to the stream in its key, <c>provider|stream|kind|name</c>, and puts what it gets into the
/// <see cref="Inbox"/> of the key. The kind is <c>one</c> for an event a call, or <c>many</c>. When its silo has died, it
/// goes on elsewhere.
/// </summary>
internal interface ISubscriberGrain : IGrainWithStringKey
{
    Task SubscribeAsync();
}

internal sealed class SubscriberGrain : Grain, ISubscriberGrain
{
    private IAsyncStream<Numbered> _events = null!;
    private bool _takesMany;

    private Inbox Inbox => Inbox.Of(this.GetPrimaryKeyString());

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var key = this.GetPrimaryKeyString().Split('|');
        _events = this.GetStreamProvider(key[0]).GetStream<Numbered>(StreamId.Create(StreamCluster.Namespace, key[1]));
        _takesMany = key[2] == "many";
        foreach (var handle in await _events.GetAllSubscriptionHandles())
        {
            await (_takesMany
                ? handle.ResumeAsync((IAsyncBatchObserver<Numbered>)Inbox)
                : handle.ResumeAsync((IAsyncObserver<Numbered>)Inbox));
        }
    }

    public async Task SubscribeAsync() => await (_takesMany
        ? _events.SubscribeAsync((IAsyncBatchObserver<Numbered>)Inbox)
        : _events.SubscribeAsync((IAsyncObserver<Numbered>)Inbox));
}
