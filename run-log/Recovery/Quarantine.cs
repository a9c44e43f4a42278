using System.Text.Json;
using AgentGrid.RunLog.Scripts;
using StackExchange.Redis;

namespace AgentGrid.RunLog.Recovery;

/// <summary>The file of what a recovery has dropped: a line of JSON for each run.</summary>
internal static class Quarantine
{
    /// <summary>
    /// Adds a run, as it is in Redis: its own keys as DUMP gives them, in Base64, for RESTORE; and the entries that name
    /// it elsewhere.
    /// </summary>
    public static async Task WriteAsync(
        IDatabase redis, string path, string run, string damage, List<Mention> mentions, CancellationToken cancellationToken)
    {
        var file = new FileStream(path, FileMode.Append, FileAccess.Write);
        await using (file.ConfigureAwait(false))
        {
            var json = new Utf8JsonWriter(file);
            await using (json.ConfigureAwait(false))
            {
                json.WriteStartObject();
                json.WriteString("run", run);
                json.WriteString("damage", damage);
                json.WriteStartObject("keys");
                foreach (var key in mentions.Where(m => m.Entry is null).Select(m => m.Key))
                {
                    if (await RedisAnswer.Of(redis.KeyDumpAsync(key)).ConfigureAwait(false) is { } dump)
                    {
                        json.WriteBase64String(key, dump);
                    }
                }
                json.WriteEndObject();
                json.WriteStartArray("entries");
                foreach (var mention in mentions.Where(m => m.Entry is not null))
                {
                    json.WriteStartArray();
                    json.WriteStringValue(mention.Key);
                    json.WriteStringValue((string?)mention.Entry!.Value);
                    json.WriteStringValue((string?)mention.Value!.Value);
                    json.WriteEndArray();
                }
                json.WriteEndArray();
                json.WriteEndObject();
            }
            await file.WriteAsync("\n"u8.ToArray(), cancellationToken).ConfigureAwait(false);
            // Before anything is dropped it has to be on the disk.
            file.Flush(flushToDisk: true);
        }
    }
}
