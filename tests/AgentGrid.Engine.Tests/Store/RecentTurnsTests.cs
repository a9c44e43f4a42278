using AgentGrid.Core.Runs;
using AgentGrid.Engine.Store;

namespace AgentGrid.Engine.Tests.Store;

public sealed class RecentTurnsTests
{
    private static readonly byte[] s_record = [1, 2, 3];
    private static readonly RunEvent[] s_events = [];
    private readonly RecentTurns _turns = new();

    [Fact]
    public void Take_TurnThatWasAdded_GivesItsEventsOnce()
    {
        _turns.Take(1, []);
        _turns.Add(7, s_record, s_events);

        Assert.Same(s_events, _turns.Take(7, [1, 2, 3]));
        Assert.Null(_turns.Take(7, [1, 2, 3]));
    }

    [Theory]
    [InlineData(7, new byte[] { 1, 2, 4 })]
    [InlineData(7, new byte[] { 1, 2 })]
    [InlineData(8, new byte[] { 1, 2, 3 })]
    [InlineData(7 + 1_024, new byte[] { 1, 2, 3 })]
    public void Take_OtherRecordOrOtherNumber_Nothing(long last, byte[] record)
    {
        _turns.Take(1, []);
        _turns.Add(7, s_record, s_events);

        Assert.Null(_turns.Take(last, record));
    }

    [Fact]
    public void Add_NobodyHasAsked_NothingIsKept()
    {
        _turns.Add(7, s_record, s_events);

        Assert.Null(_turns.Take(7, s_record));
    }

    [Fact]
    public void Add_RecordThatIsNotBrought_NothingIsKept()
    {
        _turns.Take(1, []);
        _turns.Add(7, new byte[8_193], s_events);

        Assert.Null(_turns.Take(7, new byte[8_193]));
    }
}
