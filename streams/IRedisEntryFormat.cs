using StackExchange.Redis;

namespace AgentGrid.Streams;

/// <summary>
/// What the fields of an entry mean. With one's own, the entries can be written by whoever writes to Redis: a script, or
/// a program in another language.
/// </summary>
public interface IRedisEntryFormat
{
    /// <summary>The fields of an entry that carries some events of one stream.</summary>
    /// <exception cref="NotSupportedException">Entries of this kind are not written by producers of Orleans.</exception>
    NameValueEntry[] Write<T>(StreamId stream, IEnumerable<T> events, Dictionary<string, object>? requestContext);

    /// <summary>Reads an entry. Whatever is thrown is logged, and the entry is passed over.</summary>
    StreamMessage Read(NameValueEntry[] fields);
}

/// <summary>What an entry carries.</summary>
/// <param name="Events">
/// Each must be serializable by Orleans: it goes to subscribers in other processes. Those of one silo share it.
/// </param>
/// <param name="RequestContext">What the producer's <c>RequestContext</c> had; null when nothing.</param>
public readonly record struct StreamMessage(
    StreamId Stream, IReadOnlyList<object> Events, Dictionary<string, object>? RequestContext = null);
