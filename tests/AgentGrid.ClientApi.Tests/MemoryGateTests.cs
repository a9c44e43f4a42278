using AgentGrid.Api.Orchestrate;

namespace AgentGrid.ClientApi.Tests;

/// <summary>Who is let in with a thousand bytes of memory, of which six hundred are for what is there and what comes.</summary>
public sealed class MemoryGateTests
{
    private readonly MemoryGate _gate;
    private long _used;
    private int _collected;

    public MemoryGateTests() => _gate = new MemoryGate(
        () => _used,
        () =>
        {
            _used = 0;
            _collected++;
        },
        1000, TimeProvider.System);

    [Fact]
    public void TryRun_MoreThanThereIsRoomFor_IsRefusedUntilSomeIsGivenBack()
    {
        using var second = _gate.Enter();
        using (var first = _gate.Enter())
        {
            Assert.True(first.TryRead(10));
            Assert.True(first.TryRun(30));
            Assert.Null(_gate.Problem);
            Assert.False(second.TryRun(30));
        }

        Assert.True(second.TryRun(30));
        Assert.Contains("Memory is short", _gate.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void TryRun_LargerThanEverything_IsLetInAlone()
    {
        using var large = _gate.Enter();
        using var next = _gate.Enter();

        Assert.True(large.TryRead(500));
        Assert.True(large.TryRun(500));
        Assert.False(next.TryRead(1));
    }

    [Fact]
    public void TryRead_ThatGarbageIsInTheWayOf_CollectsItButNotEachTime()
    {
        using var room = _gate.Enter();
        _used = 900;
        Assert.True(room.TryRead(1));

        _used = 900;

        Assert.False(room.TryRead(1));
        Assert.Equal(1, _collected);
    }
}
