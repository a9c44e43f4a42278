using AgentGrid.Core.Agents;
using AgentGrid.Core.Routing;

namespace AgentGrid.Engine.Slots;

// How often attempts may start, and with how many tokens.
internal sealed partial class AgentSlots
{
    private bool MayStart => _starts.Allows && _tokens.Allows;

    // Only what is both free in starts and in tokens can start.
    private RateState? Rate
    {
        get
        {
            if (!_clock.Runs || Config.RateLimit is null)
            {
                return null;
            }
            var (left, tokens) = (_starts.Left, _tokens.State);
            if (tokens is { } state)
            {
                left = (int)Math.Min(left, state.Left / state.Estimate);
            }
            var next = Math.Max(0, Math.Max(_starts.Next, _tokens.Next) - _clock.Now);
            return new RateState(left, TimeSpan.FromTicks(next)) { Tokens = tokens };
        }
    }

    private void ConfigureRates(AgentConfig config)
    {
        _starts.Configure(config.RateLimit);
        _tokens.Configure(config.RateLimit?.Tokens);
    }

    private TokenCharge? TakeStart()
    {
        _starts.Take();
        return _tokens.Take();
    }
}
