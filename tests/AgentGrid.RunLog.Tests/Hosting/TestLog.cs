using AgentGrid.Core;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace AgentGrid.RunLog.Tests.Hosting;

/// <summary>A log, its clock, and what lies under it.</summary>
internal sealed class TestLog(IConnectionMultiplexer connection, string prefix)
{
    public RunLogOptions Options { get; } = new()
    {
        KeyPrefix = prefix,
        Channel = $"events-of-{prefix}",
        TimesLifeItself = true,
    };

    public ManualTime Time { get; } = new();

    public IDatabase Redis { get; } = connection.GetDatabase();

    public RedisRunLog Log => field ??= Open();

    /// <summary>Another process on the same log.</summary>
    public RedisRunLog Open(ILogger<RedisRunLog>? logger = null) => new(connection, Options, Time, logger);

    public string Key(string name) => $"{{{prefix}}}:{name}";

    public string LogOf(RunId run) => Key($"log:{run}");

    /// <summary>The names of all keys, without what they begin with, in order.</summary>
    public async Task<List<string>> KeysAsync()
    {
        var keys = new List<string>();
        await foreach (var key in connection.GetServers()[0].KeysAsync(pattern: $"{{{prefix}}}:*"))
        {
            keys.Add(((string)key!)[(prefix.Length + 3)..]);
        }
        keys.Sort(StringComparer.Ordinal);
        return keys;
    }
}
