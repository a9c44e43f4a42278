using System.Diagnostics;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Artifacts;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Telemetry;
using AgentGrid.GrainInterfaces.Agents;
using AgentGrid.GrainInterfaces.Dispatch;
using AgentGrid.Grains.Nodes;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Grains.Driving;

/// <summary>Calls agents on the nodes of the cluster.</summary>
internal sealed partial class ClusterCaller(ClusterEngine engine) : IAgentCaller
{
    // What answers take on their way, and clocks of silos that say only since when they live differ.
    private static readonly TimeSpan s_clocks = TimeSpan.FromSeconds(5);

    public IPendingCall Begin(AgentCallRequest request)
    {
        var (attempt, input) = (request.Attempt, request.Input);
        var call = new PendingCall(attempt);
        _ = engine.Attend(call.Driver, InvokeAsync(call, request.Trace, new InvocationRequest
        {
            Slot = call.Slot,
            RunId = attempt.Run.Id,
            MatchId = attempt.Run.Key.MatchId,
            Round = attempt.Run.Key.Round,
            Agent = call.Agent,
            Step = call.Step,
            Attempt = call.Number,
            Try = attempt.State.Try,
            Deadline = attempt.State.Deadline,
            Left = attempt.State.Deadline - engine.Time.GetUtcNow(),
            Captured = input,
            Gpu = attempt.State.Placement?.Gpu,
            Isolation = SlotIsolation.Of(attempt.State),
            WantsReceipt = attempt.WantsReceipt,
        }));
        return call;
    }

    public IPendingCall? Join(OpenAttempt attempt)
    {
        var call = new PendingCall(attempt);
        _ = engine.Attend(call.Driver, CallAsync(call, request: null));
        return call;
    }

    public void Cancel(IPendingCall call, ActivityContext inFavourOf)
    {
        var pending = (PendingCall)call;
        if (!pending.HasReturned)
        {
            pending.IsCancelled = true;
            if (inFavourOf != default)
            {
                pending.Span?.AddLink(new ActivityLink(inFavourOf));
            }
            _ = engine.Attend(pending.Driver, CancelAsync(pending));
        }
    }

    public void Forget(IPendingCall call) => ((PendingCall)call).IsForgotten = true;

    // The span is the current one for the call alone.
    private async Task InvokeAsync(PendingCall call, RunTrace? trace, InvocationRequest request)
    {
        call.Span = trace?.BeginAttempt(call.Attempt.Step, call.Attempt.State);
        await CallAsync(call, call.Span is { } span ? request with { TraceParent = span.Id } : request);
    }

    private async Task CallAsync(PendingCall call, InvocationRequest? request)
    {
        engine.ActiveRuns.CountCall(call.Node, +1);
        try
        {
            var outcome = await AskAgentAsync(call, request);
            call.HasReturned = true;
            RunTrace.EndAttempt(call.Span, outcome, call.IsCancelled);
            if (outcome is not null && !call.IsUnheard)
            {
                // Durable before the node may think that it has nothing left to do.
                await call.Driver.AskAsync(outcome);
            }
        }
        finally
        {
            engine.ActiveRuns.CountCall(call.Node, -1);
        }
    }

    /// <param name="request">Null to join what was begun before.</param>
    /// <returns>Null when there is nothing to tell.</returns>
    private async Task<RunInput?> AskAgentAsync(PendingCall call, InvocationRequest? request)
    {
        var agent = engine.AgentOn(call.Node, call.Agent);
        // Once in any case: that it was asked is durable, and whoever drives the run next will look for it there.
        do
        {
            try
            {
                var reply = await (request is null ? agent.JoinAsync(call.Slot) : agent.InvokeAsync(request));
                if (reply.Status != InvocationStatus.Running)
                {
                    return await OutcomeAsync(call, reply, wasAsked: request is not null);
                }
                request = null;
            }
            catch (NodeGoneException)
            {
                return Gone(call);
            }
            catch (NodeRefusesException e)
            {
                // An edit of the configuration has moved the agent since the slot was granted.
                await engine.ReleaseAsync(call.Slot);
                return Lost(call, e.Message.TrimEnd('.'), wasStopped: true);
            }
            catch (Exception e) when (Transient.Is(e))
            {
                LogUnanswered(engine.Logger, e, call.Slot, call.Node);
                if (!engine.IsAlive(call.Node))
                {
                    return Gone(call);
                }
                await Task.Delay(ClusterEngine.Pause, engine.Time);
            }
        }
        while (!call.IsUnheard);
        return null;
    }

    private async Task<RunInput?> OutcomeAsync(PendingCall call, InvocationReply reply, bool wasAsked)
    {
        switch (reply.Status)
        {
            case InvocationStatus.Succeeded:
                var output = StoredValues.Find(engine.Node.Invocations.Artifacts, call.Attempt.Run.Id, reply.Output!);
                return new RunInput.CompleteAttempt(call.Step, call.Number, output) { Tokens = reply.Tokens };
            case InvocationStatus.Failed:
                return new RunInput.FailAttempt(call.Step, call.Number, reply.Error!) { Tokens = reply.Tokens };
            case InvocationStatus.Cancelled:
                return Lost(call, $"node '{call.Node}' was stopped", wasStopped: true);
            case InvocationStatus.Unknown when !wasAsked:
                // It may never have come there, and then only we know of its slot. Should it come yet, nobody waits for it.
                await engine.ReleaseAsync(call.Slot);
                await CancelAsync(call);
                return reply.NodeSinceBy(engine.Time) < call.StartedAt - s_clocks
                    ? Lost(call, $"node '{call.Node}' never got it", wasStopped: true)
                    : Lost(call, $"node '{call.Node}' does not know it: it was restarted, or never got it");
            default:
                throw new InvalidOperationException($"Unknown status {reply.Status}.");
        }
    }

    private RunInput.LoseAttempt? Gone(PendingCall call)
    {
        engine.LastGone = call.Node;
        return Lost(call, $"node '{call.Node}' is gone");
    }

    private static RunInput.LoseAttempt? Lost(PendingCall call, string reason, bool wasStopped = false) =>
        call.IsCancelled ? null : new RunInput.LoseAttempt(call.Step, call.Number, reason, wasStopped);

    private async Task CancelAsync(PendingCall call)
    {
        var agent = engine.AgentOn(call.Node, call.Agent);
        while (!call.IsUnheard && !call.HasReturned && engine.IsAlive(call.Node))
        {
            try
            {
                await agent.CancelAsync(call.Slot);
                return;
            }
            catch (Exception e) when (Transient.Is(e))
            {
                LogUnanswered(engine.Logger, e, call.Slot, call.Node);
                await Task.Delay(ClusterEngine.Pause, engine.Time);
            }
        }
    }

    [LoggerMessage(706, LogLevel.Debug, "{Slot}: node '{Node}' does not answer")]
    private static partial void LogUnanswered(ILogger logger, Exception exception, string slot, string node);

    private sealed class PendingCall(OpenAttempt attempt) : IPendingCall
    {
        public OpenAttempt Attempt { get; } = attempt;
        public string Slot { get; } = SlotKey.Of(attempt);
        public string Node { get; } = attempt.State.Node!;
        public DateTimeOffset? StartedAt { get; } = attempt.State.StartedAt;
        public Activity? Span { get; set; }
        public bool HasReturned { get; set; }

        /// <summary>Nobody waits for the result any more.</summary>
        public bool IsCancelled { get; set; }

        /// <summary>The run was taken up anew, and has joined what runs there, or asked again.</summary>
        public bool IsForgotten { get; set; }

        public bool IsUnheard => IsForgotten || Driver.IsStopping;
        public RunDriver Driver => Attempt.Driver;
        public string Agent => Attempt.State.Agent;
        public string Step => Attempt.Step.Id;
        public int Number => Attempt.State.Number;
    }
}
