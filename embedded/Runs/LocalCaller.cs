using System.Diagnostics;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;

namespace AgentGrid.Embedded.Runs;

/// <summary>Calls the agents of this process.</summary>
internal sealed class LocalCaller(EmbeddedEngine engine) : IAgentCaller
{
    public IPendingCall Begin(AgentCallRequest request)
    {
        var invocation = new Invocation(engine, request);
        engine.Platform.Queue(invocation, preferLocal: true);
        return invocation;
    }

    // The only node is this process: what ran before a restart does not run any more.
    public IPendingCall? Join(OpenAttempt attempt)
    {
        attempt.Driver.Post(new RunInput.LoseAttempt(
            attempt.Step.Id, attempt.State.Number, "the process was restarted"));
        return null;
    }

    public void Cancel(IPendingCall call, ActivityContext inFavourOf) => ((Invocation)call).Abandon(inFavourOf);

    public void Forget(IPendingCall call) => ((Invocation)call).Abandon(default);
}
