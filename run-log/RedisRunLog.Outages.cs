using System.Globalization;
using AgentGrid.Core.Runs;
using AgentGrid.RunLog.Scripts;
using StackExchange.Redis;

namespace AgentGrid.RunLog;

public sealed partial class RedisRunLog
{
    /// <inheritdoc/>
    public async Task<Outage?> StayAliveAsync(TimeSpan longest)
    {
        RedisValue now = _options.TimesLifeItself ? _time.GetUtcNow().ToUnixTimeMilliseconds() : RedisValue.EmptyString;
        var answer = await Script.Alive.EvaluateAsync(_redis, _keys, [now, (long)longest.TotalMilliseconds])
            .ConfigureAwait(false);
        return ((string?)answer)?.Split(' ') is [var since, var until]
            && long.TryParse(since, CultureInfo.InvariantCulture, out var from)
            && long.TryParse(until, CultureInfo.InvariantCulture, out var to)
            ? new Outage(DateTimeOffset.FromUnixTimeMilliseconds(from), DateTimeOffset.FromUnixTimeMilliseconds(to))
            : null;
    }
}
