using System.Diagnostics;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Driving;
using AgentGrid.Engine.Invocations;
using AgentGrid.Engine.Store;

namespace AgentGrid.Embedded.Runs;

/// <summary>Calls the agents of this process.</summary>
internal sealed class LocalCaller(InvocationServices services) : IAgentCaller
{
    public IPendingCall Begin(AgentCallRequest request)
    {
        var invocation = new LocalInvocation(services, request);
        invocation.Start();
        return invocation;
    }

    // The only node is this process: what ran before a restart does not run any more.
    public IPendingCall? Join(OpenAttempt attempt)
    {
        attempt.Driver.Post(new RunInput.LoseAttempt(
            attempt.Step.Id, attempt.State.Number, "the process was restarted"));
        return null;
    }

    public void Cancel(IPendingCall call, ActivityContext inFavourOf) => ((LocalInvocation)call).Cancel(inFavourOf);

    public void Forget(IPendingCall call) => ((LocalInvocation)call).Cancel();
}
