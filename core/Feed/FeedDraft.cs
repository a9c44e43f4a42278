using System.Buffers.Text;

namespace AgentGrid.Core.Feed;

/// <summary>
/// An event as feeds show it, but for its number: that is known only when the event becomes durable, and everything else
/// can be made before, beside the one who gives the numbers.
/// </summary>
public readonly struct FeedDraft
{
    private static ReadOnlySpan<byte> Start => "{\"seq\":"u8;

    /// <summary>Free bytes before the object's brace: there goes the number, and nothing has to be copied.</summary>
    internal const int RoomForNumber = 26;

    private readonly RunId _runId;
    private readonly string _matchId;
    private readonly string _stage;
    private readonly DateTimeOffset _time;
    private readonly bool _endsRun;
    private readonly byte[] _buffer;

    internal FeedDraft(RunId runId, string matchId, string stage, DateTimeOffset time, bool endsRun, byte[] buffer)
    {
        (_runId, _matchId, _stage, _time, _endsRun, _buffer) = (runId, matchId, stage, time, endsRun, buffer);
        buffer[RoomForNumber] = (byte)',';
    }

    /// <summary>What follows the number: <c>,"time":...}</c>.</summary>
    public ReadOnlyMemory<byte> Tail => _buffer.AsMemory(RoomForNumber);

    /// <summary>The event with its number. It takes the draft's bytes: of a draft only the last one holds.</summary>
    public FeedEvent Number(long seq)
    {
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(seq, digits, out var length);
        var at = RoomForNumber - length - Start.Length;
        Start.CopyTo(_buffer.AsSpan(at));
        digits[..length].CopyTo(_buffer.AsSpan(at + Start.Length));
        return new FeedEvent(seq, _runId, _matchId, _stage, _endsRun, _buffer.AsMemory(at)) { Time = _time };
    }
}
