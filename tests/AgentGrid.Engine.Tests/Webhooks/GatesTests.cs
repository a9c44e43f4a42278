using AgentGrid.Engine.Webhooks;

namespace AgentGrid.Engine.Tests.Webhooks;

public sealed class GatesTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EnterAsync_MoreThanAllowed_WaitForTheirTurnAndOthersDoNot()
    {
        var gates = new Gates(1);
        var first = await gates.EnterAsync("a", Token);
        var second = gates.EnterAsync("A", Token);
        using var other = await gates.EnterAsync("b", Token);
        Assert.False(second.IsCompleted);

        first.Dispose();

        (await second).Dispose();
    }

    [Fact]
    public async Task Count_NobodyIsThereAnyMore_IsNone()
    {
        var gates = new Gates(1);
        using var impatient = new CancellationTokenSource();
        var first = await gates.EnterAsync("a", Token);
        var second = gates.EnterAsync("a", impatient.Token);

        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        Assert.Equal(1, gates.Count);
        first.Dispose();

        Assert.Equal(0, gates.Count);
    }
}
