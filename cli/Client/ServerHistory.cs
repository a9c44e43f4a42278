using System.Runtime.CompilerServices;
using AgentGrid.Core;
using AgentGrid.Core.Runs;
using AgentGrid.Simulation.History;

namespace AgentGrid.Cli.Client;

/// <summary>The runs that a server has, as their journals have them: of one process, or of a cluster.</summary>
/// <param name="most">How many runs are read at most, the newest; those of their steps are not counted.</param>
internal sealed class ServerHistory(GridServer server, int most)
{
    private const int PageSize = 1_000;
    private const int AtOnce = 8;
    private const string NoSuchRoute = "AG2020";
    private const string NoSuchRun = "AG2021";
    private const string IsDamaged = "AG2053";

    private int _damaged;

    /// <summary>There are more runs than were read.</summary>
    public bool IsCut { get; private set; }

    /// <summary>How many runs were passed over because they are damaged.</summary>
    public int Damaged => Volatile.Read(ref _damaged);

    /// <summary>The runs in the order in which they were accepted.</summary>
    /// <param name="newest">Only those of so long before the last one; null for all.</param>
    /// <param name="plan">Only those of a plan; null for all.</param>
    public async IAsyncEnumerable<RecordedRun> ReadAsync(
        TimeSpan? newest, string? plan, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var ids = await ListAsync(newest, plan, cancellationToken);
        var ahead = new Queue<Task<RecordedRun?>>();
        for (var i = ids.Count - 1; i >= 0 || ahead.Count > 0;)
        {
            while (i >= 0 && ahead.Count < AtOnce)
            {
                ahead.Enqueue(FindAsync(ids[i--], cancellationToken));
            }
            if (await ahead.Dequeue() is { } run)
            {
                yield return run;
            }
        }
    }

    // Newest first, as the server lists them.
    private async Task<List<string>> ListAsync(TimeSpan? newest, string? plan, CancellationToken cancellationToken)
    {
        var filters = GridServer.Parameter("children", "false") + GridServer.Parameter("plan", plan);
        var ids = new List<string>();
        DateTimeOffset? since = null;
        string? cursor = null;
        do
        {
            var page = (await server.RunPageAsync(filters, PageSize, cursor, cancellationToken)).Element;
            foreach (var run in page.GetProperty("runs").EnumerateArray())
            {
                var accepted = run.GetProperty("accepted_at").GetDateTimeOffset();
                since ??= newest is { } time ? accepted - time : DateTimeOffset.MinValue;
                if (accepted < since)
                {
                    return ids;
                }
                if (ids.Count == most)
                {
                    IsCut = true;
                    return ids;
                }
                ids.Add(run.GetProperty("run_id").GetString()!);
            }
            cursor = page.TryGetProperty("next", out var next) ? next.GetString() : null;
        }
        while (cursor is not null);
        return ids;
    }

    // Null for one that has been removed since it was listed, or is damaged.
    private async Task<RecordedRun?> FindAsync(string id, CancellationToken cancellationToken)
    {
        Json json;
        try
        {
            json = await server.GetAsync($"api/v1/runs/{GridServer.Segment(id)}/journal", cancellationToken);
        }
        catch (ProblemException e) when (e.Problem.Code is NoSuchRun or IsDamaged)
        {
            Interlocked.Add(ref _damaged, e.Problem.Code == IsDamaged ? 1 : 0);
            return null;
        }
        catch (ProblemException e) when (e.Problem.Code == NoSuchRoute)
        {
            throw new CliException(
                ExitCode.Refused, $"The server at {server.Address} is of an older version, which does not hand out journals: update it.", e);
        }
        var state = Replay(json);
        var children = new List<RecordedRun>();
        foreach (var step in state.Plan.CallsPlans ? state.Steps : [])
        {
            foreach (var attempt in step.Attempts)
            {
                if (state.ChildOf(step, attempt) is { } child && await FindAsync(child.ChildId.Value, cancellationToken) is { } read)
                {
                    children.Add(read);
                }
            }
        }
        return RecordedRun.Of(state, children);
    }

    private RunState Replay(Json json)
    {
        try
        {
            return RunJournal.Read(json).Replay();
        }
        catch (InvalidDataException e)
        {
            throw new CliException(
                ExitCode.Refused, $"The server at {server.Address} is of another version: {e.Message} Take the agentgrid of that version.", e);
        }
    }
}
