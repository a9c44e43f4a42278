using System.Net;
using System.Net.Sockets;

namespace AgentGrid.TestKit;

/// <summary>
/// A network between a client and a server that can fall silent: connections stay, new ones can be made, and nothing
/// comes through any more. What was silent once stays so; connections that are made after it has healed are whole.
/// </summary>
public sealed class Wire : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly List<Task> _work = [];
    private readonly Uri? _server;
    private CancellationTokenSource _sound = new();

    /// <param name="server">Null: nobody is at the other end.</param>
    public Wire(string? server)
    {
        _server = server is null ? null : new Uri(server);
        if (_server is null)
        {
            _sound.Cancel();
        }
        _listener.Start();
        _work.Add(AcceptAsync());
    }

    public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    public void FallSilent() => _sound.Cancel();

    public void Heal() => _sound = new CancellationTokenSource();

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await Task.WhenAll(_work);
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(CarryAsync(await _listener.AcceptTcpClientAsync(_end.Token)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task CarryAsync(TcpClient client)
    {
        using (client)
        using (var server = new TcpClient())
        using (var carried = CancellationTokenSource.CreateLinkedTokenSource(_sound.Token, _end.Token))
        {
            try
            {
                if (!carried.IsCancellationRequested)
                {
                    await server.ConnectAsync(_server!.Host, _server.Port, carried.Token);
                    await Task.WhenAny(
                        client.GetStream().CopyToAsync(server.GetStream(), carried.Token),
                        server.GetStream().CopyToAsync(client.GetStream(), carried.Token));
                }
            }
            catch (Exception e) when (e is OperationCanceledException or IOException or SocketException)
            {
                // Silent, or an end was closed.
            }
            if (carried.IsCancellationRequested)
            {
                await Task.Delay(Timeout.Infinite, _end.Token).ContinueWith(_ => { }, TaskScheduler.Default);
            }
        }
    }
}
