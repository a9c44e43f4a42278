namespace AgentGrid.Core.Runs;

/// <summary>The agents that a run has had an attempt with, in the order of the first ones. Equal by its names.</summary>
/// <remarks>One text: engines keep it beside every run, and ask it about many runs at once.</remarks>
public sealed record AgentSet
{
    private AgentSet(string text) => Text = text;

    public static AgentSet None { get; } = new("");

    /// <summary>The names with a space between each two; no name has one (<see cref="Names.IsValid"/>).</summary>
    public string Text { get; }

    /// <summary>What <see cref="Text"/> was.</summary>
    public static AgentSet Parse(string text) => text.Length == 0 ? None : new AgentSet(text);

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

    public AgentSet With(string agent) =>
        Contains(agent) ? this : new AgentSet(Text.Length == 0 ? agent : $"{Text} {agent}");

    /// <summary>With the agent of an event that begins an attempt; the same after any other event.</summary>
    public AgentSet With(RunEvent e) => e switch
    {
        RunEvent.AttemptQueued queued => With(queued.Agent),
        RunEvent.AttemptStarted started => With(started.Agent), // of one that was queued: its agent is known already
        _ => this,
    };
}
