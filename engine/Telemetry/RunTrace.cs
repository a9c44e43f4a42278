using System.Diagnostics;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Telemetry;

/// <summary>
/// The spans of one run: <c>invoke_workflow</c> for the run, <c>invoke_agent</c> for each invocation, as the GenAI
/// semantic conventions of OpenTelemetry 1.37 name them. A run that is resumed after a restart begins a new span, under
/// the same parent. Absent when nobody listens or the trace is not sampled.
/// </summary>
public sealed class RunTrace
{
    private readonly Activity _run;

    private RunTrace(Activity run) => _run = run;

    /// <summary>The span of the attempt that succeeded last: what the losers of its race link to.</summary>
    public ActivityContext LastSuccess { get; private set; }

    /// <summary>Begins a run's span.</summary>
    /// <param name="resumed">After a restart, rather than for the first time.</param>
    /// <returns>Null when nobody listens, or the trace is not sampled.</returns>
    public static RunTrace? Begin(RunState state, bool resumed)
    {
        if (!GridTelemetry.Spans.HasListeners())
        {
            return null;
        }
        ActivityContext.TryParse(state.TraceParent, null, isRemote: true, out var parent);
        var ambient = Activity.Current;
        Activity.Current = null;
        var run = GridTelemetry.Spans.StartActivity(
            $"invoke_workflow {GridTelemetry.NameOfPlan(state)}", ActivityKind.Internal, parent,
            [
                new("gen_ai.operation.name", "invoke_workflow"),
                new("gen_ai.workflow.name", state.Plan.Name),
                new("agentgrid.plan.version", state.Plan.Version),
                new("agentgrid.run.id", state.Id.Value),
                new("agentgrid.match.id", state.Key.MatchId),
                new("agentgrid.round", state.Key.Round),
                new("agentgrid.resumed", resumed),
            ]);
        Activity.Current = ambient;
        return run is null ? null : new RunTrace(run);
    }

    /// <summary>Begins an attempt's span, and makes it the current one.</summary>
    public Activity? BeginAttempt(StepState step, AttemptState attempt) => GridTelemetry.Spans.StartActivity(
        $"invoke_agent {attempt.Agent}", ActivityKind.Internal, _run.Context,
        [
            new("gen_ai.operation.name", "invoke_agent"),
            new("gen_ai.agent.name", attempt.Agent),
            new("agentgrid.step", step.Id),
            new("agentgrid.step.mode", step.Step.Mode.ToString().ToLowerInvariant()),
            new("agentgrid.attempt", attempt.Number),
            new("agentgrid.try", attempt.Try),
            new("agentgrid.branch", attempt.Branch),
            new("agentgrid.routing.why", attempt.Decision?.Why),
        ]);

    /// <summary>Ends an attempt's span, if it has one.</summary>
    /// <param name="outcome">What came of it; null for nothing.</param>
    /// <param name="wasAbandoned">Nobody waited for it any more.</param>
    public static void EndAttempt(Activity? attempt, RunInput? outcome, bool wasAbandoned)
    {
        if (attempt is null)
        {
            return;
        }
        attempt.SetTag("agentgrid.abandoned", wasAbandoned);
        if (outcome is RunInput.FailAttempt failure)
        {
            attempt.SetTag("error.type", failure.Error.Code);
            attempt.SetStatus(ActivityStatusCode.Error, failure.Error.Message);
        }
        attempt.Stop();
    }

    /// <summary>An attempt has succeeded.</summary>
    /// <param name="attempt">Its span; null when it has none here.</param>
    public void Succeeded(Activity? attempt) => LastSuccess = attempt?.Context ?? default;

    /// <summary>Ends the run's span.</summary>
    public void End(RunState state)
    {
        _run.SetTag("agentgrid.run.status", state.Status.ToString().ToLowerInvariant());
        if (state.Error is { } error)
        {
            _run.SetTag("error.type", error.Code);
            _run.SetStatus(ActivityStatusCode.Error, error.Message);
        }
        _run.Stop();
    }
}
