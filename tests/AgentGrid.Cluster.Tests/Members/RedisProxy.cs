using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace AgentGrid.Cluster.Tests.Members;

/// <summary>
/// The way of one process to Redis. Cut, it is as a network that loses everything: connections stay, nothing arrives,
/// and nobody is told so.
/// </summary>
internal sealed class RedisProxy : IAsyncDisposable
{
    private const int BufferBytes = 64 * 1024;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Task, bool> _ways = [];
    private readonly CancellationTokenSource _ended = new();
    private readonly int _target;
    private readonly Task _accepting;
    private TaskCompletionSource _open = Opened();

    public RedisProxy(int target)
    {
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Address => $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    public void Cut() =>
        Volatile.Write(ref _open, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    public void Heal() => Volatile.Read(ref _open).TrySetResult();

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        _listener.Stop();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(_ways.Keys).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ended.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            var client = await _listener.AcceptTcpClientAsync(_ended.Token);
            _ways[ConnectAsync(client)] = true;
        }
    }

    private async Task ConnectAsync(TcpClient client)
    {
        using var near = client;
        using var far = new TcpClient();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(_ended.Token);
        await Volatile.Read(ref _open).Task.WaitAsync(over.Token);
        await far.ConnectAsync(IPAddress.Loopback, _target, over.Token);
        near.NoDelay = far.NoDelay = true;
        await Task.WhenAny(
            CopyAsync(near.GetStream(), far.GetStream(), over.Token),
            CopyAsync(far.GetStream(), near.GetStream(), over.Token));
        await over.CancelAsync();
    }

    private async Task CopyAsync(NetworkStream from, NetworkStream to, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferBytes];
        while (await from.ReadAsync(buffer, cancellationToken) is > 0 and var count)
        {
            await Volatile.Read(ref _open).Task.WaitAsync(cancellationToken);
            await to.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
        }
    }

    private static TaskCompletionSource Opened()
    {
        var open = new TaskCompletionSource();
        open.SetResult();
        return open;
    }
}
