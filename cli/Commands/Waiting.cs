using AgentGrid.Cli.Client;
using AgentGrid.Cli.Output;

namespace AgentGrid.Cli.Commands;

/// <summary>Waits for the end of a run, shows how it goes, and says how it ended.</summary>
internal sealed class Waiting(Session session)
{
    /// <param name="after">Events up to this number are not shown.</param>
    /// <param name="timeout">Null: as long as it takes.</param>
    public async Task<int> WaitAsync(
        string runId, long after, TimeSpan? timeout, CancellationToken cancellationToken)
    {
        var run = (await session.Server.RunAsync(runId, cancellationToken)).To<RunView>()!;
        using var over = timeout is { } limit
            ? new CancellationTokenSource(limit, session.Around.Time)
            : new CancellationTokenSource();
        using var until = CancellationTokenSource.CreateLinkedTokenSource(over.Token, cancellationToken);
        try
        {
            var events = session.Feed.FollowRunAsync(runId, after, until.Token);
            await new RunProgress(session.Screen).ShowAsync(run, events, until.Token);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            session.Screen.Note($"Stopped watching; the run goes on: agentgrid watch {runId}");
            return ExitCode.Interrupted;
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            session.Screen.Note(
                $"Not ended after {Show.Span(timeout!.Value)}; the run goes on: agentgrid watch {runId}");
            return ExitCode.StillRunning;
        }
        var json = await session.Server.RunAsync(runId, cancellationToken);
        run = json.To<RunView>()!;
        if (session.Screen.Json)
        {
            session.Screen.Value(json);
        }
        else
        {
            Conclude(run);
        }
        return run.Status == "completed" ? ExitCode.Ok : ExitCode.RunFailed;
    }

    private void Conclude(RunView run)
    {
        var took = Show.Span(run.AcceptedAt, run.EndedAt);
        switch (run.Status)
        {
            case "completed":
                session.Screen.Line($"{run.RunId} completed in {took}");
                session.Screen.Indented(run.Result!);
                break;
            case "failed":
                session.Screen.Line($"{run.RunId} failed after {took}: {run.Error?.Code}: {run.Error?.Message}");
                session.Screen.Note($"What happened: agentgrid show {run.RunId}");
                break;
            default:
                session.Screen.Line($"{run.RunId} {run.Status} after {took}: {run.CancelReason}");
                break;
        }
    }
}
