using System.Collections.Immutable;
using AgentGrid.GrainInterfaces.Dispatch;

namespace AgentGrid.Grains.Dispatch;

// What is heard of attempts that have ended.
internal sealed partial class DispatcherGrain
{
    public Task ReportOutcomesAsync(ImmutableArray<AgentOutcome> outcomes)
    {
        foreach (var outcome in outcomes)
        {
            Slots.Report(outcome.Agent, outcome.Node, outcome.HasFailed);
        }
        return Task.CompletedTask;
    }

    public Task SettleTokensAsync(ImmutableArray<TokenUse> uses)
    {
        foreach (var use in uses)
        {
            _grants.Settle(use.Slot, use.Tokens);
        }
        return Task.CompletedTask;
    }
}
