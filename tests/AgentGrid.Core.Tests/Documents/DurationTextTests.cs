using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Tests.Documents;

public sealed class DurationTextTests
{
    [Theory]
    [InlineData("15s", 15_000)]
    [InlineData("200ms", 200)]
    [InlineData("2m", 120_000)]
    [InlineData("1h", 3_600_000)]
    [InlineData("1.5s", 1_500)]
    [InlineData("0.25ms", 0.25)]
    [InlineData("1m30s", 90_000)]
    [InlineData("1d2h3m4s5ms", 93_784_005)]
    [InlineData("0s", 0)]
    [InlineData("365d", 31_536_000_000)]
    [InlineData("1.5m", 90_000)]
    [InlineData("7d", 604_800_000)]
    [InlineData("72:00:00", 259_200_000)]
    [InlineData("00:00:30", 30_000)]
    [InlineData("0:00:30", 30_000)]
    [InlineData("00:00:00.050", 50)]
    [InlineData("1.00:00:00", 86_400_000)]
    [InlineData("3.12:30:15.5", 304_215_500)]
    [InlineData("8760:00:00", 31_536_000_000)]
    public void Parse_Duration_GivesIt(string text, double milliseconds)
    {
        var duration = DurationText.Parse(text, out var problem);

        Assert.Null(problem);
        Assert.Equal(milliseconds, duration!.Value.TotalMilliseconds);
    }

    [Theory]
    [InlineData("15", "write 15s")]
    [InlineData("1.5", "write 1.5s")]
    [InlineData("-5s", "negative")]
    [InlineData("-5", "negative")]
    [InlineData("-00:00:05", "negative")]
    [InlineData("1e3", "such as 15s")]
    [InlineData(" 15", "such as 15s")]
    [InlineData("1_000s", "such as 15s")]
    [InlineData("0x10", "such as 15s")]
    [InlineData("00:30", "such as 72:00:00 or 00:00:30")]
    [InlineData("00:60:00", "such as 72:00:00 or 00:00:30")]
    [InlineData("00:00:60", "such as 72:00:00 or 00:00:30")]
    [InlineData("1.24:00:00", "such as 72:00:00 or 00:00:30")]
    [InlineData("1:00:00:00", "such as 72:00:00 or 00:00:30")]
    [InlineData("8760:00:01", "at most 365d")]
    [InlineData("99999999:00:00", "at most 365d")]
    [InlineData("", "such as 15s")]
    [InlineData("15 s", "such as 15s")]
    [InlineData("15sec", "such as 15s")]
    [InlineData("s", "such as 15s")]
    [InlineData("1s1s", "such as 15s")]
    [InlineData("1s1m", "such as 15s")]
    [InlineData(".5s", "such as 15s")]
    [InlineData("1.s", "such as 15s")]
    [InlineData("1.2.3s", "such as 15s")]
    [InlineData("+1s", "such as 15s")]
    [InlineData("1S", "such as 15s")]
    [InlineData("366d", "at most 365d")]
    [InlineData("99999999999999999999999999s", "at most 365d")]
    [InlineData("99999999999999999999999999999999999s", "such as 15s")]
    [InlineData("１s", "such as 15s")]
    public void Parse_AnythingElse_NamesTheRemedy(string text, string remedy)
    {
        Assert.Null(DurationText.Parse(text, out var problem));
        Assert.Contains(remedy, problem);
    }

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(200, "200ms")]
    [InlineData(0.5, "0.5ms")]
    [InlineData(1_000, "1s")]
    [InlineData(1_500, "1.5s")]
    [InlineData(90_000, "1m30s")]
    [InlineData(86_400_000, "24h")]
    [InlineData(-1_000, "-1s")]
    public void Format_Duration_WritesItShort(double milliseconds, string expected) =>
        Assert.Equal(expected, DurationText.Format(TimeSpan.FromMilliseconds(milliseconds)));

    [Fact]
    public void Format_AnyDuration_IsReadBackExactly()
    {
        var random = new Random(20_417);
        for (var i = 0; i < 10_000; i++)
        {
            // Of every order of magnitude, down to single ticks.
            var duration = TimeSpan.FromTicks(random.NextInt64(DurationText.Max.Ticks) >> random.Next(49));

            Assert.Equal(duration, DurationText.Parse(DurationText.Format(duration), out _));
        }
    }
}
