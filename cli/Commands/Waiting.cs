using AgentGrid.Cli.Client;
using AgentGrid.Cli.Output;
using AgentGrid.Core;

namespace AgentGrid.Cli.Commands;

/// <summary>
/// Starts a run or lets one go on, waits for its end, shows how it goes, and says how it ended. The time that it may
/// take begins with it.
/// </summary>
internal sealed class Waiting : IDisposable
{
    private readonly Session _session;
    private readonly TimeSpan? _timeout;
    private readonly CancellationToken _interrupt;
    private readonly CancellationTokenSource _over;
    private readonly CancellationTokenSource _until;

    /// <param name="timeout">Null: as long as it takes.</param>
    public Waiting(Session session, TimeSpan? timeout, CancellationToken interrupt)
    {
        (_session, _timeout, _interrupt) = (session, timeout, interrupt);
        _over = timeout is { } limit ? new CancellationTokenSource(limit, session.Around.Time) : new();
        _until = CancellationTokenSource.CreateLinkedTokenSource(_over.Token, interrupt);
    }

    public void Dispose()
    {
        _until.Dispose();
        _over.Dispose();
    }

    /// <summary>Asks for what is waited for.</summary>
    public async Task<T> BeginAsync<T>(Func<CancellationToken, Task<T>> ask)
    {
        try
        {
            return await ask(_until.Token);
        }
        catch (OperationCanceledException) when (_over.IsCancellationRequested && !_interrupt.IsCancellationRequested)
        {
            throw _session.Server.Silent(_timeout!.Value);
        }
    }

    /// <param name="after">Events up to this number are not shown.</param>
    public async Task<int> EndAsync(string runId, long after)
    {
        // It is only watched from here on, which is for those who read what it says.
        var outputClosed = _session.Around.OutputClosed;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_until.Token, outputClosed);
        try
        {
            var run = (await AskAsync(runId, either.Token)).To<RunView>()!;
            var events = _session.Feed.FollowRunAsync(runId, after, either.Token);
            await new RunProgress(_session.Screen).ShowAsync(run, events, either.Token);
            return Conclude(await AskAsync(runId, either.Token));
        }
        catch (OperationCanceledException) when (_interrupt.IsCancellationRequested)
        {
            _session.Screen.Note($"Stopped watching; the run continues: agentgrid watch {runId}");
            return ExitCode.Interrupted;
        }
        catch (OperationCanceledException) when (outputClosed.IsCancellationRequested)
        {
            return ExitCode.OutputClosed;
        }
        catch (OperationCanceledException) when (_over.IsCancellationRequested)
        {
            _session.Screen.Note(
                $"Not ended after {Show.Span(_timeout!.Value)}; the run continues: agentgrid watch {runId}");
            return ExitCode.StillRunning;
        }
    }

    private Task<Json> AskAsync(string runId, CancellationToken cancellationToken) => _session.Connection.AskAsync(
        () => _session.Server.RunAsync(runId, cancellationToken), cancellationToken);

    private int Conclude(Json json)
    {
        var run = json.To<RunView>()!;
        if (_session.Screen.Json)
        {
            _session.Screen.Value(json);
        }
        else
        {
            Print(run);
        }
        return run.Status == "completed" ? ExitCode.Ok : ExitCode.RunFailed;
    }

    private void Print(RunView run)
    {
        // That it was to start later is no part of what it took.
        var took = Show.Span(run.StartsAt < run.EndedAt ? run.StartsAt : run.AcceptedAt, run.EndedAt);
        switch (run.Status)
        {
            case "completed":
                _session.Screen.Line($"{run.RunId} completed in {took}");
                _session.Screen.Indented(run.Result!);
                break;
            case "failed":
                _session.Screen.Line($"{run.RunId} failed after {took}: {run.Error?.Code}: {run.Error?.Message}");
                _session.Screen.Note($"What happened: agentgrid show {run.RunId}");
                break;
            default:
                _session.Screen.Line($"{run.RunId} {run.Status} after {took}: {run.CancelReason}");
                break;
        }
    }
}
