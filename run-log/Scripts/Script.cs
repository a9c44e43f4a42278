using System.Security.Cryptography;
using System.Text;
using StackExchange.Redis;

namespace AgentGrid.RunLog.Scripts;

/// <summary>
/// A script that changes or reads the log. It is sent by its hash; when Redis does not know that, as after its start, it is
/// loaded.
/// </summary>
internal sealed class Script
{
    public static readonly Script Accept = Read("stream", "turn", "accept");
    public static readonly Script Append = Read("stream", "turn", "append");
    public static readonly Script Sweep = Read("stream", "turn", "sweep");
    public static readonly Script Drop = Read("stream", "turn", "drop");
    public static readonly Script Runs = Read("runs");
    public static readonly Script Events = Read("events");
    public static readonly Script Count = Read("count");
    public static readonly Script Alive = Read("alive");
    public static readonly Script Rights = Read("rights");

    // Of a text, StackExchange.Redis would compute a hash of its own for every call, to find out that of Redis.
    private readonly byte[] _hash;

    private Script(string text)
    {
        Text = text;
#pragma warning disable CA5350 // By this Redis knows a script; it protects nothing.
        _hash = SHA1.HashData(Encoding.UTF8.GetBytes(text));
#pragma warning restore CA5350
    }

    public string Text { get; }

    /// <exception cref="RedisException">There is no answer.</exception>
    /// <exception cref="TimeoutException">There is none in time.</exception>
    public async Task<RedisResult> EvaluateAsync(IDatabase redis, RedisKey[] keys, RedisValue[] arguments)
    {
        try
        {
            return await RedisAnswer.Of(redis.ScriptEvaluateAsync(_hash, keys, arguments, RedisAnswer.FromPrimary))
                .ConfigureAwait(false);
        }
        catch (RedisServerException e) when (e.Message.StartsWith("NOSCRIPT", StringComparison.Ordinal))
        {
            return await RedisAnswer.Of(redis.ScriptEvaluateAsync(Text, keys, arguments, RedisAnswer.FromPrimary))
                .ConfigureAwait(false);
        }
    }

    private static Script Read(params ReadOnlySpan<string> parts)
    {
        var text = new StringBuilder();
        foreach (var part in parts)
        {
            using var stream = typeof(Script).Assembly.GetManifestResourceStream($"{part}.lua")
                ?? throw new InvalidOperationException($"The script '{part}.lua' is not in the assembly.");
            using var reader = new StreamReader(stream, Encoding.UTF8);
            text.Append(reader.ReadToEnd());
        }
        return new Script(text.ToString());
    }
}
