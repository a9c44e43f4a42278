using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Tests.Documents;

public sealed class TimeTextTests
{
    [Theory]
    [InlineData("2026-01-05T03:00:00Z", "2026-01-05T03:00:00Z")]
    [InlineData("2026-01-05T03:00Z", "2026-01-05T03:00:00Z")]
    [InlineData("2026-01-05T03:00:00+01:00", "2026-01-05T02:00:00Z")]
    [InlineData("2026-01-05T03:00:00.125-05:30", "2026-01-05T08:30:00Z")]
    public void Parse_TimeWithItsOffset_GivesIt(string text, string expected) =>
        Assert.Equal(expected, TimeText.Format(TimeText.Parse(text)!.Value));

    [Theory]
    [InlineData("")]
    [InlineData("2026-01-05")]
    [InlineData("2026-01-05T03:00:00")]
    [InlineData("2026-01-05 03:00:00Z")]
    [InlineData("2026-02-30T03:00:00Z")]
    [InlineData("03:00Z")]
    [InlineData("tomorrow")]
    [InlineData("1767582000")]
    public void Parse_AnythingElse_GivesNothing(string text) => Assert.Null(TimeText.Parse(text));
}
