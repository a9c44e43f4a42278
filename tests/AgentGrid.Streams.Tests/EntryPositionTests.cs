namespace AgentGrid.Streams.Tests;

public sealed class EntryPositionTests
{
    [Theory]
    [InlineData("0-0")]
    [InlineData("0-1")]
    [InlineData("1767225600000-0")]
    [InlineData("1767225600000-1048575")]
    [InlineData("8796093022207-1048575")]
    public void Format_OfWhatWasParsed_IsTheSameId(string id)
    {
        Assert.True(EntryPosition.TryParse(id, out var position));
        Assert.Equal(id, EntryPosition.Format(position));
    }

    [Fact]
    public void TryParse_IdsInTheirOrder_GivesRisingNumbers()
    {
        string[] ids = ["0-0", "0-1", "0-1048575", "1-0", "1767225600000-7", "1767225600000-8", "1767225600001-0"];
        var positions = ids.Select(static id => EntryPosition.TryParse(id, out var position) ? position : -1).ToArray();
        Assert.Equal(positions.Order().Distinct(), positions);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("5")]
    [InlineData("-5")]
    [InlineData("5-")]
    [InlineData("5-x")]
    [InlineData("5--1")]
    [InlineData("+5-1")]
    [InlineData("5-1-1")]
    [InlineData("5-1048576")]
    [InlineData("8796093022208-0")]
    [InlineData("18446744073709551615-18446744073709551615")]
    public void TryParse_NoIdThatFits_IsRefused(string? id) => Assert.False(EntryPosition.TryParse(id, out _));
}
