using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Runs;

namespace AgentGrid.Engine.Invocations;

/// <summary>The calls that one invocation makes of other agents of its node.</summary>
/// <param name="depth">How many calls have led to this invocation.</param>
internal sealed class AgentCalls(InvocationServices services, AgentInvocation caller, int depth) : IAgentCalls
{
    private const int MostDepth = 8;
    private const string Unavailable = "agent_unavailable";

    // The longest that a timer knows is a little more.
    private static readonly TimeSpan s_longest = TimeSpan.FromDays(30);

    private int _calls;

    public AgentConfig? Find(string agent) => services.Slots.Named(agent)?.Agent;

    public async ValueTask<Json> CallAsync(string agent, Json input, CancellationToken cancellationToken)
    {
        var config = Check(agent);
        var now = services.Time.GetUtcNow();
        var time = new[] { config.Timeout, caller.Deadline - now, s_longest }.Min();
        time = time > TimeSpan.Zero ? time : TimeSpan.Zero;
        var key = $"{caller.IdempotencyKey}/{Interlocked.Increment(ref _calls)}";
        using var timeout = new CancellationTokenSource(time, services.Time);
        using var until = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        await services.AwaitStart(config, key, now + time, until.Token).ConfigureAwait(false);
        var invocation = new NestedInvocation(services, caller, agent, input, now + time, key, depth + 1);
        if (!until.IsCancellationRequested)
        {
            invocation.Start();
        }
        // One that does not heed its cancellation is not waited for; its slot is given back as those of attempts are.
        await ((Task)invocation.Ended).WaitAsync(until.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!invocation.Ended.IsCompleted)
        {
            invocation.Cancel();
        }
        cancellationToken.ThrowIfCancellationRequested();
        return (invocation.Ended.IsCompletedSuccessfully ? await invocation.Ended.ConfigureAwait(false) : null) switch
        {
            AttemptOutcome.Output x => x.Value,
            AttemptOutcome.Error { Reason: var e } => throw new AgentException(e.Code, e.Message, e.Retryable) { RetryAfter = e.RetryAfter },
            _ => throw new AgentException(
                ErrorCodes.AttemptTimeout,
                invocation.Slot is null
                    ? $"Agent '{agent}' had no free slot on node '{services.Node}' within {time.TotalSeconds:0.###} s"
                        + (config.RateLimit is { } limit ? $", or no start in its rate limit ({limit})." : ".")
                    : $"Agent '{agent}' did not answer within {time.TotalSeconds:0.###} s."),
        };
    }

    // What cannot be now is said at once, and not waited for.
    private AgentConfig Check(string agent)
    {
        if (depth >= MostDepth)
        {
            throw new AgentException(
                "too_deep", $"Agent '{caller.Agent}' cannot call '{agent}': {depth} calls have led to this one, which is the limit.", retryable: false);
        }
        if (services.Slots.Named(agent) is not { } load)
        {
            throw new AgentException(ErrorCodes.NoAgent, $"There is no agent '{agent}'.", retryable: false);
        }
        return services.Slots.RefusalOf(load.Agent, services.Node) is { } refusal
            ? throw new AgentException(Unavailable, $"Agent '{agent}' cannot be called here: node '{services.Node}' {refusal}.")
            : load.Drained || services.IsDrained(agent)
            ? throw new AgentException(Unavailable, $"Agent '{agent}' takes no calls for now: it is drained.")
            : load.Agent;
    }
}
