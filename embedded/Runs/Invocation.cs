using System.Diagnostics;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Invocations;
using AgentGrid.Engine.Slots;
using AgentGrid.Engine.Telemetry;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Embedded.Runs;

/// <summary>
/// One call of an agent. It owns its slot, and gives it back when the agent returns, or, when nobody waits for it any
/// more and it does not react to its cancellation, after a grace period.
/// </summary>
internal sealed partial class Invocation : IThreadPoolWorkItem, IAgentProgress, IPendingCall
{
    private const int Running = 0;
    private const int Returned = 1;
    private const int Abandoned = 2;

    private readonly EmbeddedEngine _engine;
    private readonly AgentCallRequest _request;
    private readonly AgentInvocation _invocation;
    private readonly CancellationTokenSource _cancellation = new();
    private ProgressThrottle _progress;
    private ITimer? _grace;
    private int _phase;

    public Invocation(EmbeddedEngine engine, AgentCallRequest request)
    {
        var (run, attempt) = (request.Attempt.Run, request.Attempt.State);
        _engine = engine;
        _request = request;
        _invocation = new AgentInvocation
        {
            RunId = run.Id,
            Key = run.Key,
            Agent = attempt.Agent,
            Step = request.Attempt.Step.Id,
            Attempt = attempt.Number,
            Try = attempt.Try,
            Deadline = attempt.Deadline,
            InputSource = request.Input.Compose,
            Results = request.Input.Results,
            Progress = this,
        };
        engine.Invocations.Add();
    }

    /// <summary>The attempt's span; null before it runs, and when the run is not traced.</summary>
    public Activity? Span { get; private set; }

    public TakenSlot Slot => (TakenSlot)_request.Slot;

    public void Execute() => _ = RunAsync();

    /// <summary>Nobody waits for the result any more. Harmless when it is there already.</summary>
    /// <param name="inFavourOf">The span of the attempt that won instead, if one did.</param>
    public void Abandon(ActivityContext inFavourOf)
    {
        if (Volatile.Read(ref _phase) != Running)
        {
            return;
        }
        _grace = _engine.Time.CreateTimer(
            static invocation => ((Invocation)invocation!).ReleaseSlot(), this, _engine.Options.CancelGrace,
            Timeout.InfiniteTimeSpan);
        // Counted in before it can return, and be counted out.
        _engine.Statistics.Abandoned(_invocation.Agent, +1);
        if (Interlocked.CompareExchange(ref _phase, Abandoned, Running) != Running)
        {
            _engine.Statistics.Abandoned(_invocation.Agent, -1);
            _grace.Dispose();
            return;
        }
        if (inFavourOf != default)
        {
            Span?.AddLink(new ActivityLink(inFavourOf));
        }
        _ = CancelAsync();
    }

    public void Report(double fraction, string? message = null)
    {
        if (Volatile.Read(ref _phase) != Running || !_progress.Admits(_engine.Time))
        {
            return;
        }
        _request.Attempt.Driver.Post(new RunInput.ReportProgress(
            _invocation.Step, _invocation.Attempt, fraction, message is null ? null : Names.Shorten(message, 500)));
    }

    // Callbacks that an agent has registered on its token can throw; that is the agent's failure and nobody else's.
    private async Task CancelAsync()
    {
        try
        {
            await _cancellation.CancelAsync().ConfigureAwait(false);
        }
        catch (AggregateException e)
        {
            LogCancelFailed(_engine.Logger, e, _invocation.Agent, _invocation.IdempotencyKey);
        }
    }

    private async Task RunAsync()
    {
        Span = _request.Trace?.BeginAttempt(_request.Attempt.Step, _request.Attempt.State);
        _invocation.TraceParent = Span?.Id;
        var outcome = await InvokeAsync().ConfigureAwait(false);
        var wasAbandoned = Interlocked.Exchange(ref _phase, Returned) == Abandoned;
        ReleaseSlot();
        if (wasAbandoned)
        {
            _grace!.Dispose();
            _engine.Statistics.Abandoned(_invocation.Agent, -1);
        }
        RunTrace.EndAttempt(Span, outcome, wasAbandoned);
        if (outcome is not null)
        {
            _request.Attempt.Driver.Post(outcome);
        }
        _engine.Invocations.Remove();
    }

    private async ValueTask<RunInput?> InvokeAsync()
    {
        if (Volatile.Read(ref _phase) != Running)
        {
            return null; // given up on before it began
        }
        var outcome = await AgentCall.RunAsync(
            _engine.Agents.GetValueOrDefault(_invocation.Agent), _invocation, _engine.Options.MaxOutputBytes, _engine.Logger,
            _cancellation.Token).ConfigureAwait(false);
        return outcome switch
        {
            null => null,
            AttemptOutcome.Output o => new RunInput.CompleteAttempt(_invocation.Step, _invocation.Attempt, o.Value),
            AttemptOutcome.Error e => new RunInput.FailAttempt(_invocation.Step, _invocation.Attempt, e.Reason),
            _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome.GetType(), "unknown outcome"),
        };
    }

    private void ReleaseSlot() => _engine.Slots.Release(Slot);

    [LoggerMessage(211, LogLevel.Warning, "Agent '{Agent}' threw when {Attempt} was cancelled")]
    private static partial void LogCancelFailed(ILogger logger, Exception exception, string agent, string attempt);
}
