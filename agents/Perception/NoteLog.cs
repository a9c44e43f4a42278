using System.Collections.Immutable;

namespace AgentGrid.Agents.Perception;

/// <summary>Collects remarks for people, and keeps the list short however odd the input is.</summary>
internal sealed class NoteLog
{
    public const int Limit = 20;

    private readonly List<string> _notes = [];
    private int _left;

    public void Add(string note)
    {
        if (_notes.Count < Limit)
        {
            _notes.Add(note);
        }
        else
        {
            _left++;
        }
    }

    public ImmutableArray<string> ToImmutable() => _left == 0 ? [.. _notes] : [.. _notes, $"And {_left} more."];
}
