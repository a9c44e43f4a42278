using AgentGrid.Core.Runs;

namespace AgentGrid.Core.Tests.Runs;

public sealed class RunKeyTests
{
    [Theory]
    [InlineData("match_123", true)]
    [InlineData("with space / and ü 😀", true)]
    [InlineData("", false)]
    [InlineData(null, false)]
    [InlineData("nul\0", false)]
    [InlineData("line\n", false)]
    [InlineData("\ud83d", false)]
    [InlineData("\ude00\ud83d", false)]
    public void Problem_Value_IsNamedWhenItIsNotAllowed(string? value, bool allowed)
    {
        var problem = RunKey.Problem("match_id", value);

        Assert.Equal(allowed, problem is null);
        Assert.True(allowed || problem!.Contains("'match_id'", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(200, true)]
    [InlineData(201, false)]
    [InlineData(1_000_000, false)]
    public void Problem_Length_IsLimited(int length, bool allowed) =>
        Assert.Equal(allowed, RunKey.Problem("round", new string('x', length)) is null);
}
