using StackExchange.Redis;

namespace AgentGrid.RunLog.Recovery;

/// <summary>A place of the log that names a run.</summary>
/// <param name="Run">The run's id, or what stands in its place.</param>
/// <param name="Entry">The member of a sorted set, or the field of a hash; null when the whole key is the run's.</param>
/// <param name="Value">Its score, or its value.</param>
internal sealed record Mention(string Run, string Key, RedisValue? Entry, RedisValue? Value);
