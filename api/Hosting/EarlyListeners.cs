using System.Net;
using AgentGrid.Api.Security;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace AgentGrid.Api.Hosting;

/// <summary>
/// Listens before anything else is started. The host starts the engine first and the server last; so a server whose
/// port is taken, or whose certificate is missing, would resume runs, and break them off again. Who connects early is
/// served when everything is there.
/// </summary>
internal sealed class EarlyListeners(SocketTransportFactory sockets)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector, IAsyncDisposable
{
    private readonly List<(EndPoint EndPoint, IConnectionListener Listener)> _early = [];

    public static void AddTo(IServiceCollection services) => services
        .AddSingleton<SocketTransportFactory>()
        .AddSingleton<EarlyListeners>()
        .AddSingleton<IConnectionListenerFactory>(s => s.GetRequiredService<EarlyListeners>());

    /// <summary>Listens wherever the server will, with everything that it needs for that.</summary>
    /// <exception cref="Exception">The one with which the server would not start.</exception>
    public static async Task ListenAsync(WebApplication app, CancellationToken cancellationToken)
    {
        var addresses = ListenAddresses.Of(app.Configuration);
        if (addresses.Count == 0)
        {
            return;
        }
        var services = app.Services;
        var options = services.GetRequiredService<IOptionsFactory<KestrelServerOptions>>().Create(Options.DefaultName);
        // Knows what addresses and certificates mean, and takes no connection.
        using var server = new KestrelServer(
            Options.Create(options), new Holding(services.GetRequiredService<EarlyListeners>()),
            NullLoggerFactory.Instance);
        foreach (var address in addresses)
        {
            server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Add(address);
        }
        await server.StartAsync(new Nobody(), cancellationToken);
        await server.StopAsync(cancellationToken);
    }

    public bool CanBind(EndPoint endpoint) => sockets.CanBind(endpoint);

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        var at = _early.FindIndex(e => e.EndPoint.Equals(endpoint));
        if (at < 0)
        {
            return sockets.BindAsync(endpoint, cancellationToken);
        }
        var listener = _early[at].Listener;
        _early.RemoveAt(at);
        return ValueTask.FromResult(listener);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (_, listener) in _early)
        {
            await listener.DisposeAsync();
        }
    }

    private sealed class Holding(EarlyListeners listeners) : IConnectionListenerFactory
    {
        public async ValueTask<IConnectionListener> BindAsync(
            EndPoint endpoint, CancellationToken cancellationToken = default)
        {
            var listener = await listeners.BindAsync(endpoint, cancellationToken);
            listeners._early.Add((endpoint, listener));
            return new Held(listener.EndPoint);
        }
    }

    private sealed class Held(EndPoint endPoint) : IConnectionListener
    {
        private readonly TaskCompletionSource<ConnectionContext?> _end = new();

        public EndPoint EndPoint => endPoint;

        public ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
            new(_end.Task);

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            _end.TrySetResult(null);
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => UnbindAsync();
    }

    private sealed class Nobody : IHttpApplication<IFeatureCollection>
    {
        public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

        public Task ProcessRequestAsync(IFeatureCollection context) => Task.CompletedTask;

        public void DisposeContext(IFeatureCollection context, Exception? exception)
        {
        }
    }
}
