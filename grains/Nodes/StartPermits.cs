using AgentGrid.Core.Agents;
using AgentGrid.GrainInterfaces.Dispatch;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Grains.Nodes;

/// <summary>
/// Asks the dispatcher when agents of this node may call one that has a rate limit: it counts the starts of the whole cluster, and
/// such a call waits there in line with attempts.
/// </summary>
internal sealed partial class StartPermits(ILocalSiloDetails silo, IGrainFactory grains, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);

    // Asked for late: most nodes have no agent with a limit that others call.
    private readonly Lazy<IDispatcherGrain> _dispatcher = new(() => grains.GetGrain<IDispatcherGrain>(0));

    /// <summary>Returns when an agent may be called, at once when it has no limit; or when it is cancelled.</summary>
    /// <param name="key">Of the call.</param>
    public async Task AwaitAsync(AgentConfig agent, string key, DateTimeOffset deadline, CancellationToken cancellationToken)
    {
        if (agent.RateLimit is null)
        {
            return;
        }
        var request = new SlotRequest
        {
            Slot = SlotOf(key),
            Agent = agent.Name,
            Priority = 0,
            Deadline = deadline,
            Driver = silo.SiloAddress,
            StartOnly = true,
        };
        try
        {
            while (!await MayStartAsync(request, cancellationToken).ConfigureAwait(false))
            {
                // Asked again, until it may or nobody waits for it.
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await ForgetAsync(request.Slot).ConfigureAwait(false);
        }
    }

    /// <summary>Under which the dispatcher knows a call.</summary>
    public string SlotOf(string key) => $"{silo.Name}/{key}";

    private async Task<bool> MayStartAsync(SlotRequest request, CancellationToken cancellationToken)
    {
        try
        {
            var reply = await _dispatcher.Value.AcquireSlotAsync(request).WaitAsync(cancellationToken).ConfigureAwait(false);
            // Of an agent that is gone, its node says so.
            return reply.Outcome is SlotOutcome.Granted or SlotOutcome.AgentGone;
        }
        catch (Exception e) when (Transient.Is(e))
        {
            LogUnanswered(logger, e, request.Slot);
            await Task.Delay(s_pause, time, cancellationToken).ConfigureAwait(false);
            return false;
        }
    }

    // What is lost of this is forgotten when nobody asks again.
    private async Task ForgetAsync(string slot)
    {
        try
        {
            await _dispatcher.Value.ReleaseSlotsAsync([slot]).ConfigureAwait(false);
        }
        catch (Exception e) when (Transient.Is(e))
        {
            LogUnanswered(logger, e, slot);
        }
    }

    [LoggerMessage(511, LogLevel.Debug, "The dispatcher does not answer for the call {Call}")]
    private static partial void LogUnanswered(ILogger logger, Exception exception, string call);
}
