using AgentGrid.Cli.Client;
using AgentGrid.Cli.Output;

namespace AgentGrid.Cli;

/// <summary>One command at work: where it prints, and the server that it talks to.</summary>
internal sealed record Session(TerminalEnvironment Around, Screen Screen, GridServer Server)
{
    /// <summary>Somebody has said which server; otherwise it is the usual one of this machine.</summary>
    public bool IsServerNamed { get; init; }

    /// <summary>What brings a lost connection back.</summary>
    public Reconnection Connection { get; } = new(Server, Screen, Around.Time);

    public EventFeed Feed => new(Server, Screen, Connection);
}
