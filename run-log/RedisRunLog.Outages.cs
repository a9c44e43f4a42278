using System.Globalization;
using AgentGrid.Core.Runs;

namespace AgentGrid.RunLog;

public sealed partial class RedisRunLog
{
    private const string AliveScript = """
        -- Somebody is there to drive runs. When nobody was for too long before, that is noted.
        local now = tonumber(ARGV[1])
        local last = tonumber(redis.call('GET', KEYS[1] .. ':alive') or ARGV[1])
        if last <= now then
          redis.call('SET', KEYS[1] .. ':alive', ARGV[1])
        end
        if now - last > tonumber(ARGV[2]) then
          redis.call('SET', KEYS[1] .. ':outage', string.format('%.0f %.0f', last, now))
        end
        return redis.call('GET', KEYS[1] .. ':outage')
        """;

    /// <inheritdoc/>
    public async Task<Outage?> StayAliveAsync(TimeSpan longest)
    {
        var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        var answer = await RedisAnswer.Of(_redis.ScriptEvaluateAsync(
            AliveScript, _keys, [now, (long)longest.TotalMilliseconds])).ConfigureAwait(false);
        return ((string?)answer)?.Split(' ') is [var since, var until]
            && long.TryParse(since, CultureInfo.InvariantCulture, out var from)
            && long.TryParse(until, CultureInfo.InvariantCulture, out var to)
            ? new Outage(DateTimeOffset.FromUnixTimeMilliseconds(from), DateTimeOffset.FromUnixTimeMilliseconds(to))
            : null;
    }
}
