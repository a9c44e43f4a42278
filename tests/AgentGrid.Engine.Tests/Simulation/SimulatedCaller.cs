using System.Diagnostics;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;

namespace AgentGrid.Engine.Tests.Simulation;

/// <summary>Asks agents on the nodes.</summary>
internal sealed class SimulatedCaller(World world, SimulatedSilo silo) : IAgentCaller
{
    public IPendingCall Begin(AgentCallRequest request)
    {
        var call = new Call(request.Attempt);
        Ask(call, join: false);
        return call;
    }

    public IPendingCall? Join(OpenAttempt attempt)
    {
        var call = new Call(attempt);
        Ask(call, join: true);
        return call;
    }

    public void Cancel(IPendingCall call, ActivityContext inFavourOf)
    {
        var one = (Call)call;
        one.IsCancelled = true;
        if (!one.HasReturned && world.Mistake != Mistake.ForgetsCancellations)
        {
            Cancel(one);
        }
    }

    public void Forget(IPendingCall call) => ((Call)call).IsForgotten = true;

    private void Cancel(Call call)
    {
        if (!call.HasReturned && !call.IsUnheard && NodeOf(call) is { IsGone: false } node)
        {
            silo.Send($"{call.Key} is cancelled", node, () => node.Cancel(call.Key), () => Cancel(call));
        }
    }

    private void Ask(Call call, bool join)
    {
        if (call.IsUnheard && join)
        {
            return;
        }
        if (NodeOf(call) is not { IsGone: false } node)
        {
            Lose(call, $"node '{call.Node}' is gone");
            return;
        }
        void Answered(NodeAnswer answer) => silo.Answer(
            $"{call.Key} is {answer}", () => Heed(call, join, answer),
            world.Mistake == Mistake.GivesUpCalls ? null : () => Ask(call, join));
        var (run, step) = (call.Attempt.Run.Id, call.Attempt.Step.Id);
        silo.Send(
            $"{call.Key} is {(join ? "joined" : "invoked")}", node,
            () =>
            {
                if (join)
                {
                    node.Join(call.Key, Answered);
                }
                else
                {
                    node.Invoke(call.Key, run, step, call.Number, call.Losses, call.Agent, call.Isolation, Answered);
                }
            }, () => Ask(call, join));
    }

    private void Heed(Call call, bool join, NodeAnswer answer)
    {
        switch (answer)
        {
            case NodeAnswer.Running: Ask(call, join: true); break;
            case NodeAnswer.None: Ask(call, join); break;
            case NodeAnswer.Unknown when join:
                // Should it come there yet, nobody waits for it.
                Cancel(call);
                Lose(call, "its node does not know it", wasStopped: true);
                break;
            case NodeAnswer.Unknown: Ask(call, join: false); break;
            case NodeAnswer.Cancelled: Lose(call, "its node has cancelled it", wasStopped: true); break;
            case NodeAnswer.Succeeded:
                Return(call, new RunInput.CompleteAttempt(
                    call.Attempt.Step.Id, call.Number, Json.Parse($$"""{"from":"{{call.Key}}"}""")));
                break;
            case NodeAnswer.Failed:
                Return(call, new RunInput.FailAttempt(call.Attempt.Step.Id, call.Number, new RunError(
                    ErrorKind.Error, "error", "simulated", Retryable: world.Chance(70))));
                break;
            default: throw new ArgumentOutOfRangeException(nameof(answer), answer, "unknown answer");
        }
    }

    private void Lose(Call call, string reason, bool wasStopped = false)
    {
        if (!call.IsCancelled)
        {
            Return(call, new RunInput.LoseAttempt(call.Attempt.Step.Id, call.Number, reason, wasStopped));
        }
    }

    private static void Return(Call call, RunInput outcome)
    {
        call.HasReturned = true;
        if (!call.IsUnheard)
        {
            _ = call.Attempt.Driver.AskAsync(outcome);
        }
    }

    private SimulatedNode NodeOf(Call call) => silo.Cluster.Nodes.Single(n => n.Name == call.Node);

    private sealed class Call(OpenAttempt attempt) : IPendingCall
    {
        public OpenAttempt Attempt { get; } = attempt;
        public string Key { get; } = SimulatedSlots.KeyOf(attempt);
        public string Node { get; } = attempt.State.Node!;
        public string Agent { get; } = attempt.State.Agent;
        public int Number { get; } = attempt.State.Number;
        public int Losses { get; } = attempt.State.Losses;
        public Isolation? Isolation { get; } = Core.Runs.Isolation.Of(attempt.State);
        public Activity? Span => null;
        public bool HasReturned { get; set; }
        public bool IsCancelled { get; set; }
        public bool IsForgotten { get; set; }
        public bool IsUnheard => IsForgotten || Attempt.Driver.IsStopping;
    }
}
