using System.Collections.Concurrent;
using System.Security.Cryptography;
using AgentGrid.Api.Security;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Runs;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;

namespace AgentGrid.Api.Callbacks;

/// <summary>The addresses that attempts of this process have open.</summary>
internal sealed class CallbackDesk(
    IOptions<ApiOptions> options, IServer? server = null, IConfiguration? configuration = null) : ICallbacks
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

    private string Reached()
    {
        var listens = Listens();
        if (listens is { Count: 0 })
        {
            throw Unreachable("This process does not listen anywhere, so nothing can be posted to it. Start it with --urls, for example http://127.0.0.1:8001.");
        }
        // Of every address at once it cannot know which one others have for it.
        var url = options.Value.CallbackUrl?.AbsoluteUri
            ?? listens?.Where(ListenAddresses.IsNamed).OrderBy(ListenAddresses.IsLoopback).FirstOrDefault();
        return url?.TrimEnd('/') ?? throw Unreachable(
            "The address where services reach this process is not set. Set AgentGrid:CallbackUrl, for example http://10.0.0.7:8000.");
    }

    // Runs that go on begin attempts before the server begins: until then it is what it was told.
    private IReadOnlyCollection<string>? Listens() =>
        server?.Features.Get<IServerAddressesFeature>()?.Addresses is { Count: > 0 } bound ? [.. bound]
        : configuration is null ? null
        : ListenAddresses.Of(configuration);

    private static AgentException Unreachable(string message) => new("bad_config", message, retryable: false);

    internal sealed class Opened(
        CallbackDesk desk, string token, Uri url, Func<CallbackPost, CallbackRefusal?> take, int maxBytes) : ICallback
    {
        public Uri Url => url;

        public int MaxBytes => maxBytes;

        public CallbackRefusal? Take(CallbackPost post) => take(post);

        public void Dispose() => desk._open.TryRemove(token, out _);
    }
}
