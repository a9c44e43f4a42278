using AgentGrid.Core.Routing;
using AgentGrid.Engine.Durations;

namespace AgentGrid.Engine.Driving;

// What the run's plan took before, and so which of its steps go first.
public sealed partial class RunDriver
{
    private PlanDurations? _durations;
    private StepOrder? _order;
    private bool _hasOrder;

    /// <summary>As <see cref="IRoutingView.UrgencyOf"/>.</summary>
    internal Urgency? UrgencyOf(int step) => Order?.Of(step);

    // By the plan that the run was accepted with, which never changes.
    private PlanDurations Durations => _durations ??= _services.Durations.Of(_state);

    // Found once: what is compared with each other was known at the same time.
    private StepOrder? Order
    {
        get
        {
            if (!_hasOrder)
            {
                (_order, _hasOrder) = (Durations.Order(this), true);
            }
            return _order;
        }
    }
}
