using System.CommandLine;
using System.CommandLine.Parsing;

namespace AgentGrid.Cli.Commands;

/// <summary>
/// How one run is named: by its id, as <c>match_id/round</c>, or by the two parts of its key, of which one can have
/// slashes.
/// </summary>
internal sealed class RunName
{
    public Argument<string?> Run { get; } = new("run")
    {
        Description = "The run: its id, or its key as match_id/round.",
        Arity = ArgumentArity.ZeroOrOne,
    };

    public Option<string?> Match { get; } = new("--match")
    {
        Description = "With --round: the run with this key, for keys that contain further slashes.",
        HelpName = "id",
    };

    public Option<string?> Round { get; } = new("--round") { Description = "With --match.", HelpName = "id" };

    /// <summary>Adds what names a run to a command that needs one.</summary>
    public void AddTo(Command command)
    {
        command.Add(Run);
        command.Add(Match);
        command.Add(Round);
        command.Validators.Add(result =>
        {
            var (named, match, round) = Given(result);
            if (named ? match || round : !match || !round)
            {
                result.AddError("name one run: by its id, as match_id/round, or with --match and --round.");
            }
        });
    }

    /// <summary>What of it was given.</summary>
    public (bool Run, bool Match, bool Round) Given(CommandResult result) => (
        result.GetResult(Run)?.Tokens.Count > 0, result.GetResult(Match) is not null,
        result.GetResult(Round) is not null);

    /// <summary>The id of the run that was named.</summary>
    public Task<string> ResolveAsync(ParseResult parsed, Session session, CancellationToken cancellationToken) =>
        parsed.GetValue(Run) is { } run
            ? session.Server.ResolveAsync(run, cancellationToken)
            : session.Server.ResolveAsync(parsed.GetValue(Match)!, parsed.GetValue(Round)!, cancellationToken);
}
