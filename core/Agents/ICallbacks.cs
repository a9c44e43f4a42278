namespace AgentGrid.Core.Agents;

/// <summary>
/// Addresses to which others post what an attempt waits for, in the process where it runs: a service of programs that listen.
/// </summary>
public interface ICallbacks
{
    /// <summary>Opens an address for one attempt that cannot be guessed; disposing of it closes it.</summary>
    /// <param name="take">Gets every post, and returns why it refuses it; null accepts it. Called concurrently.</param>
    /// <param name="maxBytes">A larger body is refused.</param>
    /// <exception cref="AgentException">The address of this process is not configured.</exception>
    ICallback Open(Func<CallbackPost, CallbackRefusal?> take, int maxBytes);
}

/// <summary>An address that is open.</summary>
public interface ICallback : IDisposable
{
    Uri Url { get; }
}

/// <summary>A post, with the signature headers of Standard Webhooks; missing ones are null.</summary>
/// <param name="Body">Only valid while the post is being handled.</param>
public readonly record struct CallbackPost(string? Id, string? Timestamp, string? Signature, ReadOnlyMemory<byte> Body);

/// <summary>Why a post is refused.</summary>
/// <param name="Status">400: it cannot be used; 401: its signature is wrong.</param>
public sealed record CallbackRefusal(int Status, string Message);
