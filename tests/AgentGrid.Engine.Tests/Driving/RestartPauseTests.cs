using AgentGrid.Engine.Driving;


namespace AgentGrid.Engine.Tests.Driving;

public sealed class RestartPauseTests
{
    [Theory]
    [InlineData(0, 1)]
    [InlineData(3, 8)]
    [InlineData(6, 60)]
    [InlineData(5_000, 60)]
    public void After_DoublesUpToAMinuteAndStaysThere(int breaks, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), RestartPause.After(breaks));
}
