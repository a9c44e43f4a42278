using System.Collections.Immutable;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Routing;

namespace AgentGrid.Api.Grid;

/// <summary>Every agent, by name.</summary>
public sealed record AgentList(IReadOnlyList<AgentView> Agents);

/// <summary>An agent: how it is configured, what it does now, and what it has done since the engine started.</summary>
public sealed record AgentView(
    string Name, ImmutableArray<string> Capabilities, int Priority, string Queue, int MaxConcurrency,
    int? MaxConcurrencyTotal, double TimeoutSeconds, RetryView Retry, ResourcesView Resources, bool Enabled,
    bool Drained, AgentLoadView Load, AgentCountsView Counts, LatencyPercentiles? LatencyMs, string Kind,
    string? Target, AgentHealth? Health, ImmutableArray<AbandonedAttempt> AbandonedAttempts, string? Description, Json? InputSchema,
    Json? OutputSchema, RateLimitView? RateLimit, BreakerView? Breaker, FailingView? Failing,
    IReadOnlyDictionary<string, string>? Labels, string? Version, ImmutableArray<NodeFailingView> FailingNodes,
    ImmutableArray<AgentFailure> LastFailures)
{
    private const string Code = "code";

    public static AgentView Of(AgentDetails agent)
    {
        var config = agent.Config;
        var retry = config.Retry;
        return new AgentView(
            config.Name, config.Capabilities, config.Priority, config.Queue, config.MaxConcurrency,
            config.MaxConcurrencyTotal, config.Timeout.TotalSeconds,
            new RetryView(
                retry.MaxAttempts, retry.Backoff.TotalSeconds, retry.MaxBackoff.TotalSeconds, retry.Jitter, retry.On),
            new ResourcesView(config.Resources.GpuMemoryBytes),
            config.Enabled,
            agent.Drained,
            new AgentLoadView(agent.Running, agent.Waiting, agent.Abandoned),
            new AgentCountsView(agent.Succeeded, agent.Failed, agent.TimedOut, agent.Cancelled),
            agent.Latency,
            config.Kind?.Name ?? Code,
            config.Kind?.Target,
            agent.Health,
            agent.AbandonedAttempts,
            config.Description,
            config.InputSchema,
            config.OutputSchema,
            RateLimitView.Of(config.RateLimit, agent.Rate),
            config.Breaker is { IsOn: true } breaker ? new BreakerView(breaker.Failures, breaker.Cooldown.TotalSeconds) : null,
            agent.Failing is { } failing ? new FailingView(failing.InARow, Math.Round(failing.NextTryIn.TotalSeconds, 3)) : null,
            config.Labels?.All,
            config.Version,
            [.. agent.FailingNodes.Select(n => new NodeFailingView(n.Node, n.State.InARow, Math.Round(n.State.NextTryIn.TotalSeconds, 3)))],
            agent.LastFailures);
    }
}

/// <summary>Whether and when the agent is tried again; the waits in seconds.</summary>
public sealed record RetryView(
    int MaxAttempts, double BackoffSeconds, double MaxBackoffSeconds, double Jitter, ImmutableArray<string> On);

/// <summary>How many tokens attempts may use over all nodes, and how many are left now.</summary>
/// <param name="Estimate">How many an attempt is taken to use until it has ended.</param>
public sealed record TokenLimitView(long Tokens, double PerSeconds, long Estimate, long Left)
{
    public static TokenLimitView? Of(TokenLimit? limit, TokenState? state) => limit is null || state is not { } now ? null
        : new TokenLimitView(limit.Tokens, limit.Per.TotalSeconds, now.Estimate, now.Left);
}

/// <summary>How many attempts may start over all nodes, and how many could at once now; the times in seconds.</summary>
/// <param name="Text">The limit as people write it.</param>
/// <param name="Requests">Null where tokens alone are limited.</param>
/// <param name="NextInSeconds">0 while one can start at once.</param>
/// <param name="Tokens">Null where they are not limited.</param>
public sealed record RateLimitView(
    string Text, int? Requests, double PerSeconds, int Burst, int Left, double NextInSeconds, TokenLimitView? Tokens)
{
    public static RateLimitView? Of(RateLimit? limit, RateState? state) => limit is null || state is not { } now ? null
        : new RateLimitView(
            limit.ToString(), limit.Requests, limit.Per.TotalSeconds, limit.Burst, now.Left, Math.Round(now.NextIn.TotalSeconds, 3),
            TokenLimitView.Of(limit.Tokens, now.Tokens));
}

/// <summary>After how many failures in a row others are asked first, and for how long.</summary>
public sealed record BreakerView(int Failures, double CooldownSeconds);

/// <summary>An agent that fails: others are asked first.</summary>
/// <param name="NextTryInSeconds">The time until an attempt is to find out whether it works again; 0 when one may now.</param>
public sealed record FailingView(int InARow, double NextTryInSeconds);

/// <summary>A node on which an agent fails: other nodes are asked first.</summary>
/// <param name="NextTryInSeconds">The time until an attempt is to find out whether it works there again; 0 when one may now.</param>
public sealed record NodeFailingView(string Node, int InARow, double NextTryInSeconds);

/// <summary>What an attempt occupies while it runs.</summary>
public sealed record ResourcesView(long GpuMemoryBytes);

/// <summary>Attempts now: running, waiting for a slot, and given up on without having returned.</summary>
public sealed record AgentLoadView(int Running, int Waiting, int Abandoned);

/// <summary>Attempts by how they ended.</summary>
public sealed record AgentCountsView(long Succeeded, long Failed, long TimedOut, long Cancelled);

/// <summary>Every node that executes attempts, by name.</summary>
public sealed record NodeList(ImmutableArray<NodeDetails> Nodes);

/// <summary>Every plan that can be named in a post, by name.</summary>
public sealed record PlanList(ImmutableArray<PlanDetails> Plans);
