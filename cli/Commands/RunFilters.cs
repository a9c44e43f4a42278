using System.CommandLine;
using AgentGrid.Cli.Client;
using AgentGrid.Core;
using AgentGrid.Core.Grid;

namespace AgentGrid.Cli.Commands;

/// <summary>The options that choose runs of a list.</summary>
internal sealed class RunFilters
{
    /// <param name="statuses">Those that can be asked for; null for all there are.</param>
    public RunFilters(params string[] statuses)
    {
        if (statuses.Length == 0)
        {
            statuses = [.. RunQuery.StatusWords];
        }
        Status = new("--status") { Description = $"Only {string.Join(", ", statuses)} ones.", HelpName = "status" };
        Status.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: { Length: > 0 } word }] && !statuses.Contains(word))
            {
                var near = Names.Nearest(word, statuses) is { } nearest ? $", did you mean '{nearest}'?" : ".";
                result.AddError(
                    $"--status is '{Names.Shorten(word)}'{near} Expected one of {string.Join(", ", statuses)}.");
            }
        });
    }

    public Option<string?> Status { get; }
    public Option<string?> Key { get; } = new("--key")
    {
        Description = "Only the run with this key, and those that it has superseded.",
        HelpName = "key",
    };

    public Option<string?> Match { get; } = new("--match") { Description = "Only this match_id.", HelpName = "id" };
    public Option<string?> Round { get; } = new("--round") { Description = "Only this round.", HelpName = "id" };
    public Option<string?> Plan { get; } = new("--plan") { Description = "Only runs of this plan.", HelpName = "name" };
    public Option<string?> Agent { get; } = new("--agent")
    {
        Description = "Only runs in which this agent had an attempt.",
        HelpName = "name",
    };

    public Option<Labels?> Label { get; } = Arguments.Labels("Only runs with this label; repeat it to require several.");

    public IReadOnlyList<Option> All => [Status, Key, Match, Round, Plan, Agent, Label];

    public void AddTo(Command command)
    {
        foreach (var option in All)
        {
            command.Add(option);
        }
    }

    /// <summary>What was given as parameters of a query, each after a <c>&amp;</c>.</summary>
    public string Query(ParseResult parsed) => GridServer.Parameter("status", parsed.GetValue(Status)) + Rest(parsed);

    /// <summary>The same without the status.</summary>
    public string Rest(ParseResult parsed) =>
        GridServer.Parameter("key", parsed.GetValue(Key)) + GridServer.Parameter("match_id", parsed.GetValue(Match)) + GridServer.Parameter("round", parsed.GetValue(Round))
        + GridServer.Parameter("plan", parsed.GetValue(Plan)) + GridServer.Parameter("agent", parsed.GetValue(Agent))
        + string.Concat(parsed.GetValue(Label)?.All.Select(static l => GridServer.Parameter("label", $"{l.Key}:{l.Value}")) ?? []);
}
