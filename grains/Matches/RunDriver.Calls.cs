using System.Collections.Concurrent;
using System.Diagnostics;
using AgentGrid.Core.Runs;
using AgentGrid.GrainInterfaces.Agents;
using AgentGrid.Grains.Nodes;

namespace AgentGrid.Grains.Matches;

internal sealed partial class RunDriver
{
    // Read by the node's shutdown, on another thread.
    private readonly ConcurrentDictionary<string, int> _callsByNode = new(StringComparer.Ordinal);
    private string? _lastGone;
    private int _joining;
    private DateTimeOffset _joinedBy;

    private void Begin(AgentCallHandle call)
    {
        call.HasBegun = true;
        _ = CallAsync(call);
    }

    private async Task CallAsync(AgentCallHandle call)
    {
        Count(call.Node, +1);
        try
        {
            var span = call.Request is null ? null : _trace?.BeginAttempt(call.Step, call.Attempt);
            call.Span = span;
            var outcome = await AskAgentAsync(call, call.Request is { } r ? r with { TraceParent = span?.Id } : null);
            call.HasReturned = true;
            EndSpan(span, outcome, call.IsAbandoned);
            if (outcome is not null && !_stopped)
            {
                // Durable before the node may think that it has nothing left to do.
                await AskAsync(outcome);
            }
        }
        finally
        {
            Count(call.Node, -1);
            if (call.Request is null && --_joining == 0)
            {
                _armedFor = DateTimeOffset.MaxValue;
                ArmTimer();
            }
        }
    }

    private static void EndSpan(Activity? span, RunInput? outcome, bool wasAbandoned)
    {
        if (span is null)
        {
            return;
        }
        span.SetTag("agentgrid.abandoned", wasAbandoned);
        if (outcome is RunInput.FailAttempt failure)
        {
            span.SetTag("error.type", failure.Error.Code);
            span.SetStatus(ActivityStatusCode.Error, failure.Error.Message);
        }
        span.Stop();
    }

    /// <param name="request">Null to join what was begun before.</param>
    /// <returns>Null when there is nothing to tell.</returns>
    private async Task<RunInput?> AskAgentAsync(AgentCallHandle call, InvocationRequest? request)
    {
        var (step, attempt) = (call.Step.Id, call.Attempt.Number);
        var agent = _services.AgentOn(call.Node, call.Attempt.Agent);
        // Once in any case: that it was asked is durable, and whoever drives the run next will look for it there.
        do
        {
            try
            {
                var reply = await (request is null ? agent.JoinAsync(call.Slot) : agent.InvokeAsync(request));
                switch (reply.Status)
                {
                    case InvocationStatus.Running:
                        request = null;
                        break;
                    case InvocationStatus.Succeeded:
                        return new RunInput.CompleteAttempt(step, attempt, reply.Output!);
                    case InvocationStatus.Failed:
                        return new RunInput.FailAttempt(step, attempt, reply.Error!);
                    case InvocationStatus.Unknown when request is null:
                        // It may never have come there, and then only we know of its slot.
                        await ReleaseAsync(call.Slot);
                        return call.IsAbandoned ? null : new RunInput.LoseAttempt(
                            step, attempt, $"node '{call.Node}' does not know it: it was restarted, or never got it");
                    case InvocationStatus.Cancelled when call.IsAbandoned:
                        return null;
                    case InvocationStatus.Cancelled:
                        return new RunInput.LoseAttempt(step, attempt, $"node '{call.Node}' has cancelled it");
                    default:
                        throw new InvalidOperationException($"Unknown status {reply.Status}.");
                }
            }
            catch (NodeGoneException)
            {
                return Gone(call);
            }
            catch (NodeRefusesException e)
            {
                // An edit of the configuration has moved the agent since the slot was granted.
                await ReleaseAsync(call.Slot);
                return call.IsAbandoned ? null : new RunInput.LoseAttempt(step, attempt, e.Message.TrimEnd('.'));
            }
            catch (Exception e) when (Transient.Is(e))
            {
                LogCallFailed(_services.Logger, e, call.Slot, call.Node);
                if (!IsAlive(call.Node))
                {
                    return Gone(call);
                }
                await Task.Delay(Pause, _services.Time);
            }
        }
        while (!_stopped);
        return null;
    }

    private RunInput.LoseAttempt Gone(AgentCallHandle call)
    {
        _lastGone = call.Node;
        return new RunInput.LoseAttempt(call.Step.Id, call.Attempt.Number, $"node '{call.Node}' is gone");
    }

    private async Task CancelCallAsync(AgentCallHandle call)
    {
        var agent = _services.AgentOn(call.Node, call.Attempt.Agent);
        while (!_stopped && !call.HasReturned && IsAlive(call.Node))
        {
            try
            {
                await agent.CancelAsync(call.Slot);
                return;
            }
            catch (Exception e) when (Transient.Is(e))
            {
                LogCallFailed(_services.Logger, e, call.Slot, call.Node);
                await Task.Delay(Pause, _services.Time);
            }
        }
    }

    private bool IsAlive(string node) => _services.Silos.GetActiveSilos().Any(
        silo => _services.Silos.TryGetSiloName(silo, out var name) && name == node);

    private void Count(string node, int change)
    {
        if (_callsByNode.AddOrUpdate(node, change, (_, count) => count + change) == 0)
        {
            _callsByNode.TryRemove(node, out _);
        }
    }
}
