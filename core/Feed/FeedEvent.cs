using System.Buffers.Text;
using System.Collections.Immutable;

namespace AgentGrid.Core.Feed;

/// <summary>An event as feeds show it. <see cref="Utf8"/> is what goes over the wire, made once for all readers.</summary>
/// <param name="Seq">Its number: from 1, without gaps, in the order in which events became durable; 0 while it has none.</param>
/// <param name="Stage">What happened, in the words of the feed: <c>perception:done</c>.</param>
/// <param name="Utf8">
/// The JSON object: <c>seq time run_id match_id round stage step agent attempt meta</c>; absent where null.
/// </param>
public sealed record FeedEvent(
    long Seq, RunId RunId, string MatchId, string Stage, bool EndsRun, ReadOnlyMemory<byte> Utf8)
{
    /// <summary>Free bytes before the object's brace: there goes the number, and nothing has to be copied.</summary>
    internal const int RoomForNumber = 26;

    private byte[]? _buffer;

    /// <inheritdoc cref="FeedEvent" path="/param[@name='Seq']"/>
    public long Seq { get; private set; } = Seq;

    /// <inheritdoc cref="FeedEvent" path="/param[@name='Utf8']"/>
    public ReadOnlyMemory<byte> Utf8 { get; private set; } = Utf8;

    /// <summary>When it happened.</summary>
    public DateTimeOffset Time { get; init; }

    private static ReadOnlySpan<byte> Start => "{\"seq\":"u8;

    /// <summary>
    /// All of an event but its number: that is known only when the event becomes durable, and everything else can be made
    /// before, beside the one who gives the numbers.
    /// </summary>
    /// <param name="text">A JSON object behind <see cref="RoomForNumber"/> free bytes.</param>
    internal static FeedEvent Unnumbered(RunId runId, string matchId, string stage, DateTimeOffset time, bool endsRun, byte[] text)
    {
        text[RoomForNumber] = (byte)',';
        return new FeedEvent(0, runId, matchId, stage, endsRun, default) { Time = time, _buffer = text };
    }

    /// <summary>Gives it its number, before anybody else sees it. Of several the last one holds.</summary>
    public FeedEvent Number(long seq)
    {
        var buffer = _buffer ?? throw new InvalidOperationException($"Event {Seq} has a number that is not to be changed.");
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(seq, digits, out var length);
        var at = RoomForNumber - length - Start.Length;
        Start.CopyTo(buffer.AsSpan(at));
        digits[..length].CopyTo(buffer.AsSpan(at + Start.Length));
        (Seq, Utf8) = (seq, buffer.AsMemory(at));
        return this;
    }
}

/// <summary>Which events to read.</summary>
/// <param name="After">
/// The last number that the reader has seen; 0 for all; null for those yet to come. One beyond the newest is of other
/// data: the reader is told so by an event of the stage <see cref="Stages.Reset"/>, and gets all there is.
/// </param>
/// <param name="Stage">A stage; a trailing <c>*</c> or a leading one matches any rest: <c>motion:*</c>, <c>*:done</c>.</param>
public sealed record FeedQuery(long? After = 0, string? MatchId = null, string? Stage = null, RunId? RunId = null)
{
    public bool Matches(FeedEvent e) => e.Stage == Stages.Reset || MatchesRun(e);

    private bool MatchesRun(FeedEvent e) =>
        (RunId is null || RunId == e.RunId)
        && (MatchId is null || MatchId == e.MatchId)
        // What is missing may have been of any stage.
        && (Stage is null || e.Stage == Stages.Damaged || MatchesStage(Stage, e.Stage));

    private static bool MatchesStage(string pattern, string stage) =>
        pattern.EndsWith('*') ? stage.AsSpan().StartsWith(pattern.AsSpan(0, pattern.Length - 1))
        : pattern.StartsWith('*') ? stage.AsSpan().EndsWith(pattern.AsSpan(1))
        : pattern == stage;
}

/// <param name="Next">The number to read on after.</param>
/// <param name="AtEnd">There was nothing more when the page was read.</param>
public sealed record FeedPage(ImmutableArray<FeedEvent> Events, long Next, bool AtEnd)
{
    /// <summary>The page after a number beyond the newest: it says so, and leads to the first event there is.</summary>
    public static FeedPage Reset(long asked, long last, DateTimeOffset now) =>
        new([new FeedWriter().Reset(0, asked, last, now)], 0, AtEnd: false);
}
