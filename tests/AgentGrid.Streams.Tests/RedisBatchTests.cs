using AgentGrid.Streams.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using Orleans.Streams;

namespace AgentGrid.Streams.Tests;

public sealed class RedisBatchTests
{
    private readonly RedisBatch _batch = new(
        TestQueue.Stream("s"), 77, ["first", 2, "third"], new() { ["trace"] = "t-1" });

    [Fact]
    public void GetEvents_OfAType_HaveTheirPlacesInTheEntry()
    {
        var events = _batch.GetEvents<string>().ToList();
        Assert.Equal(["first", "third"], events.Select(static e => e.Item1));
        Assert.Equal([(77, 0), (77, 2)], events.Select(static e => (e.Item2.SequenceNumber, e.Item2.EventIndex)));
    }

    [Fact]
    public void ImportRequestContext_SetsWhatTheProducerHad()
    {
        Assert.True(_batch.ImportRequestContext());
        Assert.Equal("t-1", RequestContext.Get("trace"));
        RequestContext.Clear();
        Assert.False((_batch with { Context = null }).ImportRequestContext());
    }

    [Fact]
    public void Serializer_SeveralTogether_BringsThemAsTheyAre()
    {
        var serializer = new ServiceCollection().AddSerializer().BuildServiceProvider().GetRequiredService<Serializer>();
        var sent = new BatchContainerBatch([_batch, _batch with { Position = 78 }]);
        var come = serializer.Deserialize<IBatchContainer>(serializer.SerializeToArray<IBatchContainer>(sent))!;
        Assert.Equal(_batch.StreamId, come.StreamId);
        Assert.Equal([77, 77, 78, 78], come.GetEvents<string>().Select(static e => e.Item2.SequenceNumber));
        Assert.Equal(["first", "third", "first", "third"], come.GetEvents<string>().Select(static e => e.Item1));
        Assert.True(come.ImportRequestContext());
        Assert.Equal("t-1", RequestContext.Get("trace"));
    }
}
