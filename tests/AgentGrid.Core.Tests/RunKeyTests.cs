
namespace AgentGrid.Core.Tests;

public sealed class RunKeyTests
{
    [Theory]
    [InlineData("match_123", true)]
    [InlineData("with space / and ü 😀", true)]
    [InlineData("", false)]
    [InlineData(null, false)]
    [InlineData("nul\0", false)]
    [InlineData("line\n", false)]
    public void Problem_Value_IsNamedWhenItIsNotAllowed(string? value, bool allowed)
    {
        var problem = RunKey.Problem("match_id", value);

        Assert.Equal(allowed, problem is null);
        Assert.True(allowed || problem!.Contains("'match_id'", StringComparison.Ordinal));
    }

    [Fact]
    public void Problem_LoneSurrogates_AreNamed()
    {
        const char high = '\ud83d', low = '\ude00';

        Assert.Null(RunKey.Problem("round", new string([high, low])));
        Assert.NotNull(RunKey.Problem("round", new string([high])));
        Assert.NotNull(RunKey.Problem("round", new string([low, high])));
        Assert.NotNull(RunKey.Problem("round", new string(['\ufffd', high, 'x'])));
    }

    [Theory]
    [InlineData("article-17", "article-17", "1")]
    [InlineData("match_123/round_4", "match_123", "round_4")]
    [InlineData("a/b/c", "a/b", "c")]
    [InlineData("/c", "", "c")]
    [InlineData("a/", "a", "")]
    public void Parse_Text_IsDividedAtItsLastSlash(string text, string match, string round) =>
        Assert.Equal(new RunKey(match, round), RunKey.Parse(text));

    [Theory]
    [InlineData(200, true)]
    [InlineData(201, false)]
    [InlineData(1_000_000, false)]
    public void Problem_Length_IsLimited(int length, bool allowed) =>
        Assert.Equal(allowed, RunKey.Problem("round", new string('x', length)) is null);
}
