using AgentGrid.Api.Requests;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace AgentGrid.ClientApi.Tests;

public sealed class QueryDurationTests
{
    [Theory]
    [InlineData("30s", 30)]
    [InlineData("500ms", 0.5)]
    [InlineData("1m30s", 90)]
    [InlineData("1.5m", 90)]
    [InlineData("00:01:30", 90)]
    [InlineData("1h", 3_600)]
    [InlineData("30", 30)]
    [InlineData("0.5", 0.5)]
    [InlineData("72:00:00", 86_400)]
    [InlineData("99999999999999999999", 86_400)]
    public void Duration_AsInPlansOrSeconds_IsADayAtMost(string text, double seconds)
    {
        var reader = Reader(text);

        Assert.Equal(TimeSpan.FromSeconds(seconds), reader.Duration("wait"));
        Assert.Null(reader.Problem);
    }

    [Theory]
    [InlineData("soon")]
    [InlineData("-5s")]
    [InlineData("-5")]
    [InlineData("1e3")]
    [InlineData("0x10")]
    [InlineData("30 s")]
    public void Duration_AnythingElse_IsRefused(string text)
    {
        var reader = Reader(text);

        Assert.Null(reader.Duration("wait"));
        Assert.Equal("wait", reader.Problem?.Field);
    }

    private static QueryReader Reader(string wait) => new(
        new QueryCollection(new Dictionary<string, StringValues> { ["wait"] = wait }));
}
