using System.CommandLine;
using AgentGrid.Cli.Client;
using AgentGrid.Core;

namespace AgentGrid.Cli.Commands;

/// <summary>
/// The runs that a command changes: those that are named, those that filters choose, or with <c>--all</c> every one.
/// Nothing chosen is a mistake, never everything.
/// </summary>
internal sealed class RunSelection
{
    private const int PageSize = 1_000;

    private readonly string _verb;
    private readonly string[] _statuses;
    private readonly Argument<string[]> _named;
    private readonly RunFilters _filters;
    private readonly Option<bool> _all;

    /// <param name="verb">What is done to them.</param>
    /// <param name="statuses">Those that a run must have for it.</param>
    /// <param name="kinds">What can be asked for besides: what runs of these statuses are doing.</param>
    public RunSelection(string verb, string[] statuses, params string[] kinds)
    {
        (_verb, _statuses) = (verb, statuses);
        _named = new("run")
        {
            Description = "The runs: their ids, or their keys as match_id/round.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        _filters = new RunFilters([.. statuses, .. kinds]);
        _all = new("--all") { Description = $"All runs that are {string.Join(" or ", statuses)}." };
    }

    public void AddTo(Command command)
    {
        command.Add(_named);
        _filters.AddTo(command);
        command.Add(_all);
        command.Validators.Add(result =>
        {
            bool[] ways =
            [
                result.GetResult(_named)?.Tokens.Count > 0, _filters.All.Any(f => result.GetResult(f) is not null),
                result.GetValue(_all),
            ];
            if (ways.Count(way => way) != 1)
            {
                var filters = string.Join(", ", _filters.All.Select(f => f.Name));
                result.AddError($"say what to {_verb}: name runs, or choose them with {filters}, or use --all.");
            }
        });
    }

    /// <summary>
    /// Whether the runs are named, by id or by key, rather than chosen: one it cannot be done to is a mistake then.
    /// </summary>
    public bool IsNamed(ParseResult parsed) => parsed.GetValue(_named) is { Length: > 0 } || IsKey(parsed);

    /// <summary>Whether one run is named.</summary>
    public bool IsOne(ParseResult parsed) => parsed.GetValue(_named) is { Length: 1 } || IsKey(parsed);

    /// <summary>The ids of all these runs; an error when there is none that was named.</summary>
    public async Task<IReadOnlyList<string>> IdsAsync(
        ParseResult parsed, GridServer server, CancellationToken cancellationToken)
    {
        var ids = new List<string>();
        if (IsKey(parsed))
        {
            var key = parsed.GetValue(_filters.Key) is { } text
                ? RunKey.Parse(text)
                : new RunKey(parsed.GetValue(_filters.Match)!, parsed.GetValue(_filters.Round)!);
            ids.Add(await server.ResolveAsync(key.MatchId, key.Round, cancellationToken));
        }
        else if (parsed.GetValue(_named) is { Length: > 0 } named)
        {
            foreach (var run in named)
            {
                ids.Add(await server.ResolveAsync(run, cancellationToken));
            }
        }
        else
        {
            foreach (var status in parsed.GetValue(_filters.Status) is { } one ? [one] : _statuses)
            {
                await AddAsync(
                    ids, GridServer.Parameter("status", status) + _filters.Rest(parsed), server, cancellationToken);
            }
        }
        return ids;
    }

    private static async Task AddAsync(
        List<string> ids, string filters, GridServer server, CancellationToken cancellationToken)
    {
        string? cursor = null;
        do
        {
            var page = (await server.RunPageAsync(filters, PageSize, cursor, cancellationToken)).To<RunLines>()!;
            ids.AddRange(page.Runs.Select(r => r.RunId));
            cursor = page.Next;
        }
        while (cursor is not null);
    }

    // Both parts of a key and nothing else name one run.
    private bool IsKey(ParseResult parsed) =>
        _filters.All.Count(f => parsed.GetResult(f) is not null) is var given
        && (parsed.GetValue(_filters.Key) is not null
            ? given == 1
            : given == 2 && parsed.GetValue(_filters.Match) is not null && parsed.GetValue(_filters.Round) is not null);
}
