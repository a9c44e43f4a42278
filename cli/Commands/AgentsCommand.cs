using System.CommandLine;
using System.Globalization;
using AgentGrid.Cli.Client;
using AgentGrid.Cli.Output;

namespace AgentGrid.Cli.Commands;

/// <summary><c>agents</c>: what agents there are, and what they do.</summary>
internal static class AgentsCommand
{
    public static Command Create(CommandTree tree)
    {
        var command = new Command("agents", "List agents with their load, counts and latency in milliseconds.");
        tree.Handle(command, async (_, session, cancellationToken) =>
        {
            var json = await session.Server.GetAsync("api/v1/agents", cancellationToken);
            if (session.Screen.Json)
            {
                session.Screen.Value(json);
                return ExitCode.Ok;
            }
            var agents = json.To<AgentList>()!.Agents;
            session.Screen.Console.Write(session.Screen.TableOf(
                [
                    "agent", "capabilities", "priority", "queue", "running", "waiting", "ok", "failed", "timeouts",
                    "p50", "p95", "p99",
                ],
                "kind",
                agents.Select(agent => (Row(agent), Remark(agent)))));
            foreach (var line in agents.SelectMany(LastFailures).Concat(agents.SelectMany(Abandoned)))
            {
                session.Screen.Line(line);
            }
            return ExitCode.Ok;
        });
        return command;
    }

    // What is not a class, and how that is; and what keeps its attempts.
    private static string? Remark(AgentView agent)
    {
        string?[] remarks = [Kind(agent), agent.RateLimit?.InWords, agent.Failing?.InWords, .. Nodes(agent)];
        return string.Join("; ", remarks.OfType<string>()) is { Length: > 0 } text ? text : null;
    }

    private static IEnumerable<string> Nodes(AgentView agent) =>
        agent.Failing is not null || agent.FailingNodes.IsDefaultOrEmpty ? [] : agent.FailingNodes.Select(static n => n.InWords);

    // Why those that fail do so.
    private static IEnumerable<string> LastFailures(AgentView agent)
    {
        if (agent.LastFailures.IsDefaultOrEmpty || (agent.Failing is null && agent.FailingNodes.IsDefaultOrEmpty))
        {
            return [];
        }
        return agent.LastFailures.Where(f => agent.Failing is not null || agent.FailingNodes.Any(n => n.Node == f.Node)).Select(f =>
            $"{agent.Name} failed last{(f.Node is { } node ? $" on node '{node}'" : "")} at {Show.Time(f.At)}: {f.Code}: {f.Message}");
    }

    private static string? Kind(AgentView agent)
    {
        if (agent.Target is not { } target)
        {
            return null;
        }
        var health = agent.Health is { } h ? $", {h.Condition}{(h.Problem is { } problem ? $": {problem}" : "")}" : "";
        return $"{agent.Kind} {target}{health}";
    }

    // What it does that no run shows: work for attempts that have ended.
    private static IEnumerable<string> Abandoned(AgentView agent)
    {
        if (agent.AbandonedAttempts.IsDefaultOrEmpty)
        {
            yield break;
        }
        foreach (var attempt in agent.AbandonedAttempts)
        {
            yield return $"{agent.Name} has not returned from attempt {Whole(attempt.Attempt)} of step '{attempt.Step}' of "
                + $"{attempt.MatchId}/{attempt.Round} on node '{attempt.Node}': told to stop at {Show.Time(attempt.CancelledAt)}, "
                + (attempt.SlotHeldUntil is { } until ? $"holds its slot until {Show.Time(until)}" : "its slot is free again");
        }
        if (agent.Load.Abandoned > agent.AbandonedAttempts.Length)
        {
            yield return $"{agent.Name} has not returned from {Whole(agent.Load.Abandoned)} attempts in all";
        }
    }

    private static object[] Row(AgentView agent) =>
    [
        agent.Enabled ? agent.Drained ? $"{agent.Name} (drained)" : agent.Name : $"{agent.Name} (disabled)",
        agent.Capabilities.IsDefaultOrEmpty ? Show.Nothing : string.Join(", ", agent.Capabilities),
        Whole(agent.Priority), agent.Queue, $"{Whole(agent.Load.Running)}/{Whole(agent.MaxConcurrency)}",
        Whole(agent.Load.Waiting), Whole(agent.Counts.Succeeded), Whole(agent.Counts.Failed),
        Whole(agent.Counts.TimedOut), Show.Milliseconds(agent.LatencyMs?.P50Ms),
        Show.Milliseconds(agent.LatencyMs?.P95Ms), Show.Milliseconds(agent.LatencyMs?.P99Ms),
    ];

    private static string Whole(long number) => number.ToString(CultureInfo.InvariantCulture);
}
