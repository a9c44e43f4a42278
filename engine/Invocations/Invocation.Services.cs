using AgentGrid.Core.Agents;
using AgentGrid.Core.Runs;
using AgentGrid.Engine.Artifacts;

namespace AgentGrid.Engine.Invocations;

public abstract partial class Invocation
{
    private static readonly NoArtifacts s_noArtifacts = new(
        "This grid has no place for artifacts.");

    private AttemptArtifacts? _artifacts;

    IAgentCalls IAgentServices.CallsOf(AgentInvocation invocation) => new AgentCalls(_services, invocation, Depth);

    IArtifacts IAgentServices.Artifacts => MakeArtifacts() ?? (IArtifacts)s_noArtifacts;

    private AttemptArtifacts? MakeArtifacts() => _services.Artifacts is { } store
        ? LazyInitializer.EnsureInitialized(ref _artifacts, () => new AttemptArtifacts(store, Attempt.RunId, Agent))
        : null;

    // What is large lies among the artifacts before anybody hears of it.
    private async ValueTask<AttemptOutcome?> StoreAsync(AttemptOutcome? outcome) =>
        outcome is AttemptOutcome.Output { Value: var value } && _services.Artifacts is { } store && Volatile.Read(ref _phase) == Open
            ? new AttemptOutcome.Output(await store.Values.KeepAsync(Attempt.RunId, value).ConfigureAwait(false))
            : outcome;

    // What is recorded can be read: a reference that leads nowhere fails who has made it, and not who comes after it.
    private async ValueTask<AttemptOutcome?> CheckArtifactsAsync(AttemptOutcome.Output outcome)
    {
        try
        {
            if (MakeArtifacts() is { } artifacts)
            {
                await artifacts.CheckAsync(outcome.Value, _cancellation.Token).ConfigureAwait(false);
            }
            return outcome;
        }
        catch (AgentException e)
        {
            return AgentCall.Fail(ErrorKind.Error, e.Code, e.Message, e.Retryable);
        }
        catch (OperationCanceledException) when (_cancellation.IsCancellationRequested)
        {
            return null;
        }
    }
}
