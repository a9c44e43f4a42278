using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using StackExchange.Redis;

namespace AgentGrid.Streams.Tests;

public sealed class OrleansEntryFormatTests
{
    private static readonly StreamId s_stream = StreamId.Create("orders", "berlin");

    private readonly OrleansEntryFormat _format = new(
        new ServiceCollection().AddSerializer().BuildServiceProvider()
            .GetRequiredService<Serializer<OrleansEntryFormat.Payload>>());

    [Fact]
    public void Read_WhatWasWritten_IsTheSame()
    {
        var context = new Dictionary<string, object> { ["trace"] = "t-1", ["try"] = 2 };
        var read = _format.Read(_format.Write(s_stream, ["first", "second"], context));
        Assert.Equal(s_stream, read.Stream);
        Assert.Equal(["first", "second"], read.Events);
        Assert.Equal(context, read.RequestContext);
    }

    [Fact]
    public void Read_WithoutRequestContext_HasNone() =>
        Assert.Null(_format.Read(_format.Write(s_stream, [1], requestContext: null)).RequestContext);

    [Fact]
    public void Write_TheStream_IsAFieldThatPeopleCanRead() =>
        Assert.Equal("orders/berlin", Assert.Single(_format.Write(s_stream, [1], null), f => f.Name == "stream").Value);

    [Fact]
    public void Read_EntryOfSomebodyElse_IsRefused()
    {
        var e = Assert.Throws<FormatException>(() => _format.Read([new NameValueEntry("text", "hello")]));
        Assert.Equal("It has no field 'payload'.", e.Message);
    }
}
