namespace AgentGrid.Cluster.Tests.Histories;

/// <summary>
/// Whether there is an order of a run's commands in which each happens between its call and its answer and all answers are
/// right (Wing and Gong's search, with the states that were visited remembered). A command without an answer may happen at
/// any time after its call, or never.
/// </summary>
internal sealed class Linearizability
{
    private const int MostCommands = 60;
    private readonly Command[] _commands;
    private readonly bool _waits;
    private readonly HashSet<(ulong Done, RunModel State)> _visited = [];

    private Linearizability(IEnumerable<Command> commands)
    {
        // A read that was not answered says nothing.
        _commands = [.. commands.Where(c => c.Kind != CommandKind.Read || c.Answer != CommandAnswer.Unknown).OrderBy(c => c.Begin)];
        _waits = _commands.Any(c => c.Kind == CommandKind.Signal);
        if (_commands.Length > MostCommands)
        {
            throw new ArgumentException($"A run has {_commands.Length} commands; at most {MostCommands} are checked.");
        }
    }

    public static bool Holds(IEnumerable<Command> commands) => new Linearizability(commands).Search(0, RunModel.Begun);

    private bool Search(ulong done, RunModel state)
    {
        if (!_visited.Add((done, state)))
        {
            return false;
        }
        // Whoever was called after another was answered comes later.
        var earliest = History.Never;
        for (var i = 0; i < _commands.Length; i++)
        {
            if (!Has(done, i))
            {
                earliest = Math.Min(earliest, EndOf(_commands[i]));
            }
        }
        if (earliest == History.Never)
        {
            return true;
        }
        for (var i = 0; i < _commands.Length && _commands[i].Begin <= earliest; i++)
        {
            if (!Has(done, i) && state.After(_commands[i]) is { } next && Search(done | (1UL << i), next))
            {
                return true;
            }
        }
        return state.Ends(_waits).Any(ended => Search(done, ended));
    }

    private static bool Has(ulong done, int i) => (done & (1UL << i)) != 0;

    private static long EndOf(Command command) =>
        command.Answer == CommandAnswer.Unknown ? History.Never : command.End;
}
