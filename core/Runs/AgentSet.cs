using System.Text.Json;
using System.Text.Json.Serialization;

namespace AgentGrid.Core.Runs;

/// <summary>
/// The agents that a run has had an attempt with, in the order of the first ones. Immutable; equal by the names.
/// </summary>
/// <remarks>One text: engines keep it beside every run, and ask it about many runs at once.</remarks>
[JsonConverter(typeof(AgentSetConverter))]
public sealed class AgentSet : IEquatable<AgentSet>
{
    private const int LongestRemembered = 1_000;

    private readonly string _last;
    private AgentSet? _next;

    private AgentSet(string text, string last) => (Text, _last) = (text, last);

    public static AgentSet None { get; } = new("", "");

    /// <summary>The names with a space between each two; no name has one (<see cref="Names.IsValid"/>).</summary>
    public string Text { get; }

    /// <summary>What <see cref="Text"/> was.</summary>
    public static AgentSet Parse(string text) => text.Length == 0 ? None : new AgentSet(text, "");

    public bool Contains(string agent)
    {
        var text = Text.AsSpan();
        foreach (var name in text.Split(' '))
        {
            if (text[name].SequenceEqual(agent))
            {
                return true;
            }
        }
        return false;
    }

    /// <remarks>
    /// Runs of one plan mostly ask the same agents in the same order, so a set remembers the one that was made of it
    /// last. Whichever of two threads remembers last, both have a right answer.
    /// </remarks>
    public AgentSet With(string agent)
    {
        if (_next is { } next && next._last == agent)
        {
            return next;
        }
        if (Contains(agent))
        {
            return this;
        }
        var made = new AgentSet(Text.Length == 0 ? agent : $"{Text} {agent}", agent);
        if (Text.Length <= LongestRemembered)
        {
            _next = made;
        }
        return made;
    }

    /// <summary>With the agent of an event that begins an attempt; the same after any other event.</summary>
    public AgentSet With(RunEvent e) => e switch
    {
        RunEvent.AttemptQueued queued => With(queued.Agent),
        RunEvent.AttemptStarted started => With(started.Agent), // of one that was queued: its agent is known already
        _ => this, // begins no attempt
    };

    public bool Equals(AgentSet? other) => other is not null && Text == other.Text;

    public override bool Equals(object? obj) => Equals(obj as AgentSet);

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Text;
}

/// <summary>A set as its text.</summary>
public sealed class AgentSetConverter : JsonConverter<AgentSet>
{
    public override AgentSet Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        AgentSet.Parse(reader.GetString()!);

    public override void Write(Utf8JsonWriter writer, AgentSet value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.Text);
}
