using Orleans.Streams;
using Orleans.Streams.Core;

namespace AgentGrid.Streams.Tests.Cluster;

/// <summary>A grain that is subscribed by its attribute: the stream and the grain have the same key.</summary>
internal interface IImplicitGrain : IGrainWithStringKey;

[ImplicitStreamSubscription(Namespace)]
internal sealed class ImplicitGrain : Grain, IImplicitGrain, IStreamSubscriptionObserver
{
    public const string Namespace = "implicit";

    public Task OnSubscribed(IStreamSubscriptionHandleFactory handleFactory) => handleFactory.Create<Numbered>()
        .ResumeAsync((IAsyncObserver<Numbered>)Inbox.Of($"{Namespace}|{this.GetPrimaryKeyString()}"));
}
