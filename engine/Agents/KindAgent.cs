using AgentGrid.Core.Agents;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Engine.Agents;

/// <summary>
/// An agent of a kind, as its configuration changes: the instance that is in use, and the one that is being made ready to
/// follow it. While the next one cannot be made ready the one before stays in use, unless that does not work either.
/// </summary>
internal sealed partial class KindAgent
{
    private static readonly TimeSpan s_leastPause = TimeSpan.FromSeconds(1);

    private readonly Func<AgentConfig, IKindAgent> _create;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly string _name;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _closing = new();

    // What is being made ready.
    private readonly List<Task> _underWay = [];

    // What was replaced, and waits for its invocations.
    private readonly List<KindInstance> _before = [];
    private volatile KindInstance _current;
    private KindInstance? _next;
    private string? _problem;

    public KindAgent(AgentConfig config, Func<AgentConfig, IKindAgent> create, TimeProvider time, ILogger logger)
    {
        (_create, _time, _logger, _name) = (create, time, logger, config.Name);
        _current = new KindInstance(config, create(config));
        _underWay.Add(WarmUpAsync(_current.Agent));
    }

    public AgentHealth Health
    {
        get
        {
            var health = _current.Agent.Health;
            var problem = Volatile.Read(ref _problem);
            return problem is null || health.Condition == AgentCondition.Unhealthy
                ? health
                : new AgentHealth(
                    AgentCondition.Degraded, $"it keeps its old configuration, because the new one does not work: {problem}");
        }
    }

    /// <summary>Null when it is wanted no more.</summary>
    public AgentUse? Use()
    {
        while (true)
        {
            var current = _current;
            if (current.TryUse() is { } use)
            {
                return use;
            }
            if (current == _current)
            {
                return null;
            }
            // Another one has taken its place meanwhile.
        }
    }

    /// <summary>The configuration says this of it from now on.</summary>
    public void Become(AgentConfig config)
    {
        lock (_gate)
        {
            _underWay.RemoveAll(t => t.IsCompleted);
            _before.RemoveAll(i => i.LeaveAsync().IsCompletedSuccessfully);
            if ((_next ?? _current).Is(config))
            {
                return;
            }
            if (_next is { } overtaken)
            {
                _next = null;
                _problem = null;
                Replace(overtaken);
            }
            if (!_current.Is(config))
            {
                _next = new KindInstance(config, _create(config));
                _underWay.Add(FollowAsync(_next));
            }
        }
    }

    /// <summary>It is wanted no more: ends when its invocations have.</summary>
    public Task LeaveAsync() => EndAsync(static i => i.LeaveAsync());

    /// <summary>Ends now.</summary>
    public Task CloseAsync() => EndAsync(static i => i.CloseAsync());

    private void Replace(KindInstance instance)
    {
        _before.Add(instance);
        _ = instance.LeaveAsync();
    }

    private async Task EndAsync(Func<KindInstance, Task> end)
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        Task[] ends;
        lock (_gate)
        {
            ends = [.. _underWay, end(_current), _next is null ? Task.CompletedTask : end(_next), .. _before.Select(end)];
            _next = null;
        }
        try
        {
            await Task.WhenAll(ends).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            LogNotEnded(_logger, e, _name);
        }
    }

    // It tries on by itself, and says how it is.
    private async Task WarmUpAsync(IKindAgent agent)
    {
        try
        {
            await agent.WarmUpAsync(_closing.Token).ConfigureAwait(false);
            LogReady(_logger, _name);
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested)
        {
            // Nobody wants it any more.
        }
        catch (Exception e)
        {
            LogNotReady(_logger, _name, e.Message);
        }
    }

    private async Task FollowAsync(KindInstance next)
    {
        while (true)
        {
            var failure = await TryWarmUpAsync(next.Agent).ConfigureAwait(false);
            lock (_gate)
            {
                if (_next != next || _closing.IsCancellationRequested)
                {
                    return; // a later edit says something else, or nothing of it any more
                }
                if (failure is null || _current.Agent.Health.Condition == AgentCondition.Unhealthy)
                {
                    var before = _current;
                    _current = next;
                    _next = null;
                    _problem = null;
                    Replace(before);
                    LogReplaced(_logger, _name);
                    return;
                }
                if (_problem != failure.Message)
                {
                    _problem = failure.Message;
                    LogNotReplaced(_logger, _name, failure.Message);
                }
            }
            var pause = failure.RetryAfter is { } after && after > s_leastPause ? after : s_leastPause;
            try
            {
                await Task.Delay(pause, _time, _closing.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_closing.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task<AgentException?> TryWarmUpAsync(IKindAgent agent)
    {
        try
        {
            await agent.WarmUpAsync(_closing.Token).ConfigureAwait(false);
            return null;
        }
        catch (AgentException e)
        {
            return e;
        }
        catch (Exception e) when (e is not OperationCanceledException || !_closing.IsCancellationRequested)
        {
            return new AgentException("error", e.Message);
        }
        catch (OperationCanceledException)
        {
            return null; // it ends with the one before
        }
    }

    [LoggerMessage(330, LogLevel.Information, "Agent '{Agent}' is ready")]
    private static partial void LogReady(ILogger logger, string agent);

    [LoggerMessage(331, LogLevel.Warning, "Agent '{Agent}' is not ready: {Reason}")]
    private static partial void LogNotReady(ILogger logger, string agent, string reason);

    [LoggerMessage(332, LogLevel.Information, "Agent '{Agent}' uses its new configuration; the old one ends with its last attempt")]
    private static partial void LogReplaced(ILogger logger, string agent);

    [LoggerMessage(333, LogLevel.Error, "Agent '{Agent}' keeps its old configuration, because the new one does not work: {Reason}")]
    private static partial void LogNotReplaced(ILogger logger, string agent, string reason);

    [LoggerMessage(334, LogLevel.Warning, "Agent '{Agent}' did not shut down cleanly")]
    private static partial void LogNotEnded(ILogger logger, Exception exception, string agent);
}
