using AgentGrid.RunLog.Scripts;
using StackExchange.Redis;

namespace AgentGrid.RunLog;

public sealed partial class RedisRunLog
{
    // A hash with the agents' names as fields.
    private RedisKey DrainedKey => $"{_prefix}:drained";

    /// <inheritdoc/>
    public async Task<IReadOnlyList<string>> DrainedAsync() =>
        [.. (await RedisAnswer.Of(_redis.HashKeysAsync(DrainedKey, RedisAnswer.FromPrimary)).ConfigureAwait(false)).Select(static n => (string)n!)];

    /// <inheritdoc/>
    public Task KeepDrainedAsync(string agent, bool drained) => RedisAnswer.Of(drained
        ? _redis.HashSetAsync(DrainedKey, agent, "1")
        : _redis.HashDeleteAsync(DrainedKey, agent));
}
