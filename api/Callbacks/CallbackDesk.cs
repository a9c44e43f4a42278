using System.Collections.Concurrent;
using System.Security.Cryptography;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Runs;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;

namespace AgentGrid.Api.Callbacks;

/// <summary>The addresses that attempts of this process have open.</summary>
internal sealed class CallbackDesk(IOptions<ApiOptions> options, IServer? server = null) : ICallbacks
{
    public const string Path = "/callbacks";
    private const int TokenBytes = 32;

    private readonly ConcurrentDictionary<string, Opened> _open = new(StringComparer.Ordinal);

    public ICallback Open(Func<CallbackPost, CallbackRefusal?> take, int maxBytes)
    {
        var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(TokenBytes));
        var opened = new Opened(this, token, new Uri($"{Reached()}{Path}/{token}"), take, maxBytes);
        _open[token] = opened;
        return opened;
    }

    /// <summary>Null when no attempt waits there, any more or ever.</summary>
    public Opened? Find(string token) => _open.GetValueOrDefault(token);

    // Where it listens is where services on this machine reach it; of any other address it cannot know how others see it.
    private string Reached()
    {
        var url = options.Value.CallbackUrl?.AbsoluteUri
            ?? server?.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault(Security.ListenAddresses.IsLoopback);
        return url?.TrimEnd('/') ?? throw new AgentException(
            "bad_config", "Nobody has said where services reach this process. Set AgentGrid:CallbackUrl, http://10.0.0.7:8000 for example.",
            retryable: false);
    }

    internal sealed class Opened(
        CallbackDesk desk, string token, Uri url, Func<CallbackPost, CallbackRefusal?> take, int maxBytes) : ICallback
    {
        public Uri Url => url;

        public int MaxBytes => maxBytes;

        public CallbackRefusal? Take(CallbackPost post) => take(post);

        public void Dispose() => desk._open.TryRemove(token, out _);
    }
}
