using System.Globalization;
using StackExchange.Redis;

namespace AgentGrid.Streams.Tests.Hosting;

/// <summary>How often a server was sent each command.</summary>
internal static class CommandCalls
{
    private const string Before = "cmdstat_";
    private const string Calls = "calls=";

    /// <summary>Without those that a connection sends to stay alive, and that this asks with.</summary>
    public static async Task<SortedDictionary<string, long>> CountAsync(IConnectionMultiplexer connection) => new(
        (await connection.GetServers()[0].InfoAsync("commandstats")).SelectMany(static group => group).ToDictionary(
            static command => command.Key[Before.Length..],
            static command => long.Parse(
                command.Value[Calls.Length..command.Value.IndexOf(',', StringComparison.Ordinal)], CultureInfo.InvariantCulture))
        .Where(static command => command.Key is not ("info" or "ping")).ToDictionary());
}
