using AgentGrid.Core.Agents;

namespace AgentGrid.Engine.Agents;

/// <summary>One agent that a kind has made, and how many invocations use it.</summary>
/// <param name="config">What it was made of.</param>
internal sealed class KindInstance(AgentConfig config, IKindAgent agent)
{
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _unused = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _uses;
    private Task? _leaving;
    private Action? _end;

    public IKindAgent Agent => agent;

    /// <summary>The configuration asks for one that is made in the same way.</summary>
    public bool Is(AgentConfig wanted) =>
        wanted.Kind!.Name == config.Kind!.Name && wanted.Kind.Keys.Equals(config.Kind.Keys) && wanted.Resources == config.Resources;

    /// <summary>Null when it takes no further invocations.</summary>
    public AgentUse? TryUse()
    {
        lock (_gate)
        {
            if (_leaving is not null)
            {
                return null;
            }
            _uses++;
            return new AgentUse(agent, _end ??= End);
        }
    }

    /// <summary>Takes no further invocations, waits for those that run, and lets go of it.</summary>
    public Task LeaveAsync()
    {
        lock (_gate)
        {
            if (_uses == 0)
            {
                _unused.TrySetResult();
            }
            return _leaving ??= DisposeAsync();
        }
    }

    /// <summary>Lets go of it now, whatever runs.</summary>
    public Task CloseAsync()
    {
        _unused.TrySetResult();
        return LeaveAsync();
    }

    private async Task DisposeAsync()
    {
        await _unused.Task.ConfigureAwait(false);
        await agent.DisposeAsync().ConfigureAwait(false);
    }

    private void End()
    {
        lock (_gate)
        {
            if (--_uses == 0 && _leaving is not null)
            {
                _unused.TrySetResult();
            }
        }
    }
}
