using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Api.A2a;

/// <summary>What can be asked about tasks, and <c>CancelTask</c>. Each answers with a result or an <see cref="RpcError"/>.</summary>
internal sealed class TaskMethods(IAgentGrid grid)
{
    private const int MostCounted = 1_000;

    public async Task<object> GetAsync(JsonElement values, CancellationToken cancellationToken)
    {
        var read = new ParamReader();
        var (id, history) = (read.Needed(values, "id"), HistoryOf(read, values));
        return read.Error ?? await FindAsync(id, history, cancellationToken);
    }

    public async Task<object> CancelAsync(JsonElement values)
    {
        var read = new ParamReader();
        var id = read.Needed(values, "id");
        if (read.Error is { } error)
        {
            return error;
        }
        if (!RunId.TryParse(id, out var run))
        {
            return RpcError.NoSuchTask(id);
        }
        // Not given up by a client that hangs up: it has asked for it.
        return await grid.CancelAsync(run) switch
        {
            CommandResult.Done => await FindAsync(id, null, CancellationToken.None),
            var refused => RpcError.Of(refused, id),
        };
    }

    public async Task<object> ListAsync(JsonElement values, CancellationToken cancellationToken)
    {
        var read = new ParamReader();
        var state = read.Text(values, "status");
        if (state == "TASK_STATE_UNSPECIFIED")
        {
            state = null;
        }
        if (state is not null && !TaskStates.Known.Contains(state))
        {
            read.Refuse("status", $"It is '{Names.Shorten(state)}'; expected one of {string.Join(", ", TaskStates.Known)}.");
        }
        var size = read.Int(values, "pageSize", 1, 100) ?? 50;
        var token = read.Text(values, "pageToken");
        var (since, history) = (read.Time(values, "statusTimestampAfter"), HistoryOf(read, values));
        var (context, artifacts) = (read.Text(values, "contextId"), read.Flag(values, "includeArtifacts"));
        if (read.Error is { } error)
        {
            return error;
        }
        if (Status(state) is not { } asked)
        {
            return new TaskPage([], "", size, 0);
        }
        var query = asked with { MatchId = context, Limit = size, Cursor = token };
        try
        {
            var page = await grid.ListRunsAsync(query, cancellationToken);
            var runs = page.Runs.Where(r =>
                (state is null || TaskStates.Of(r) == state) && (since is null || TaskStatusView.TimeOf(r) >= since));
            var tasks = new List<TaskView>();
            foreach (var run in runs)
            {
                if (await ViewAsync(run, artifacts, history, cancellationToken) is { } task)
                {
                    tasks.Add(task);
                }
            }
            return new TaskPage(tasks, page.Next ?? "", size, await CountAsync(query, page, cancellationToken));
        }
        catch (FormatException e)
        {
            return RpcError.Invalid("pageToken", e.Message);
        }
    }

    /// <summary>A task, or that there is none.</summary>
    public async Task<object> FindAsync(string id, int? history, CancellationToken cancellationToken) =>
        RunId.TryParse(id, out var run) && await grid.GetRunAsync(run, cancellationToken) is { } details
            ? TaskView.Of(details, history)
            : RpcError.NoSuchTask(id);

    private static int? HistoryOf(ParamReader read, JsonElement values) => read.Int(values, "historyLength", 0, int.MaxValue);

    private async Task<TaskView?> ViewAsync(RunSummary run, bool artifacts, int? history, CancellationToken cancellationToken)
    {
        if (!artifacts && history is null or 0)
        {
            return TaskView.Of(run);
        }
        var details = await grid.GetRunAsync(run.RunId, cancellationToken);
        var task = details is null ? null : TaskView.Of(details, history);
        return artifacts ? task : task is null ? null : task with { Artifacts = null };
    }

    // Null for states that no run is ever in.
    private static RunQuery? Status(string? state) => state switch
    {
        null => new RunQuery(),
        TaskStates.Submitted => new RunQuery(RunStatus.Queued),
        TaskStates.Working => new RunQuery(RunStatus.Running),
        TaskStates.InputRequired => new RunQuery(Activity: RunActivity.Waiting),
        TaskStates.Completed => new RunQuery(RunStatus.Completed),
        TaskStates.Failed => new RunQuery(RunStatus.Failed),
        TaskStates.Canceled => new RunQuery(RunStatus.Cancelled),
        _ => null,
    };

    // How many there are in all is known to nobody, and counting them costs what reading them does.
    private async Task<int> CountAsync(RunQuery query, RunPage page, CancellationToken cancellationToken) =>
        query.Cursor is null && page.Next is null
            ? page.Runs.Length
            : (await grid.ListRunsAsync(query with { Cursor = null, Limit = MostCounted }, cancellationToken)).Runs.Length;
}

/// <summary>One page of tasks. NextPageToken: empty on the last. TotalSize: counted up to 1,000.</summary>
internal sealed record TaskPage(IReadOnlyList<TaskView> Tasks, string NextPageToken, int PageSize, int TotalSize);
