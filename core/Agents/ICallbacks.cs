namespace AgentGrid.Core.Agents;

/// <summary>
/// Addresses at which others post what an attempt waits for, to the process in which it runs: a service of programs that listen.
/// </summary>
public interface ICallbacks
{
    /// <summary>Opens an address of one attempt, which nobody can guess; it is gone when it is disposed of.</summary>
    /// <param name="take">Is given every post, and says why it refuses one; null takes it. Called by several at once.</param>
    /// <param name="maxBytes">A larger body is refused.</param>
    /// <exception cref="AgentException">Nobody has said where this process can be reached.</exception>
    ICallback Open(Func<CallbackPost, CallbackRefusal?> take, int maxBytes);
}

/// <summary>An address that is open.</summary>
public interface ICallback : IDisposable
{
    Uri Url { get; }
}

/// <summary>A post, with the headers that Standard Webhooks signs it with; those are null that are not there.</summary>
/// <param name="Body">Only for as long as the post is being taken.</param>
public readonly record struct CallbackPost(string? Id, string? Timestamp, string? Signature, ReadOnlyMemory<byte> Body);

/// <summary>Why a post is not taken.</summary>
/// <param name="Status">400: it is nothing that could be used; 401: it is not signed as it must be.</param>
public sealed record CallbackRefusal(int Status, string Message);
