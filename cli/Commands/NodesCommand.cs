using System.CommandLine;
using System.Globalization;
using AgentGrid.Cli.Client;
using AgentGrid.Cli.Output;

namespace AgentGrid.Cli.Commands;

/// <summary><c>nodes</c>: what nodes there are, and what they have left.</summary>
internal static class NodesCommand
{
    public static Command Create(CommandTree tree)
    {
        var command = new Command("nodes", "List nodes with what runs there, their slots and GPU memory.");
        tree.Handle(command, async (_, session, cancellationToken) =>
        {
            var json = await session.Server.GetAsync("api/v1/nodes", cancellationToken);
            if (session.Screen.Json)
            {
                session.Screen.Value(json);
                return ExitCode.Ok;
            }
            session.Screen.Console.Write(session.Screen.TableOf(
                ["node", "queues", "running", "slots", "gpu memory", "agents", "warm", "seen"], "labels, failing agents",
                json.To<NodeList>()!.Nodes.Select(static node => (Row(node), Remark(node)))));
            return ExitCode.Ok;
        });
        return command;
    }

    private static object[] Row(NodeView node) =>
    [
        node.Silent ? $"{node.Name} (silent)" : node.Draining ? $"{node.Name} (draining)" : node.Name,
        node.Queues is { } queues ? Listed(queues) : "all",
        Whole(node.Running),
        Listed(node.Slots.Select(s => $"{s.Queue} {Whole(s.Running)}/{Whole(s.Slots)}")),
        node.Gpus is { } gpus ? Listed(gpus.Select(Memory)) : "not accounted for",
        Listed(node.Agents.Select(a => $"{a.Agent} {Whole(a.Running)}")),
        Listed(node.WarmAgents),
        Show.Time(node.SeenAt),
    ];

    private static string? Remark(NodeView node)
    {
        string?[] remarks =
        [
            node.Labels is { } labels ? Listed(labels.Select(static l => $"{l.Key}={l.Value}")) : null,
            .. node.Failing.IsDefaultOrEmpty ? [] : node.Failing.Select(static f => f.InWords),
        ];
        return string.Join("; ", remarks.OfType<string>()) is { Length: > 0 } text ? text : null;
    }

    private static string Memory(NodeGpuView gpu)
    {
        var taken = Math.Max(gpu.LeasedBytes, gpu.UsedHereBytes) + gpu.UsedByOthersBytes;
        return $"{Whole(gpu.Index)}: {MiB(gpu.TotalBytes - taken)} of {MiB(gpu.TotalBytes)} MiB free "
            + $"({MiB(gpu.LeasedBytes)} leased, {MiB(gpu.UsedHereBytes)} used here, {MiB(gpu.UsedByOthersBytes)} by others)";
    }

    private static string MiB(long bytes) => Whole(Math.Max(0, bytes) >> 20);

    private static string Listed(IEnumerable<string> names) =>
        string.Join(", ", names) is { Length: > 0 } list ? list : Show.Nothing;

    private static string Whole(long number) => number.ToString(CultureInfo.InvariantCulture);
}
