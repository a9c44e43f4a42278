using System.Net;
using System.Net.Sockets;
using System.Text;

namespace AgentGrid.Conformance.Cast;

/// <summary>A post to a webhook, as it came.</summary>
public sealed record ReceivedPost(WebHeaderCollection Headers, string Body)
{
    public string Id => Headers["webhook-id"]!;
}

/// <summary>Somebody who listens on this machine for posts of webhooks.</summary>
public sealed class WebhookReceiver : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly List<ReceivedPost> _posts = [];

    public WebhookReceiver()
    {
        Host = $"127.0.0.1:{FreePort()}";
        _listener.Prefixes.Add($"http://{Host}/");
        _listener.Start();
        _ = ListenAsync();
    }

    /// <summary>Address and port, as it is to be allowed.</summary>
    public string Host { get; }

    public string Url => $"http://{Host}/runs?from=grid";

    /// <summary>The status that a post is answered with, by the number of those before it.</summary>
    public Func<int, int> Answer { get; set; } = static _ => 204;

    public IReadOnlyList<ReceivedPost> Posts
    {
        get
        {
            lock (_posts)
            {
                return [.. _posts];
            }
        }
    }

    public void Dispose() => _listener.Close();

    private async Task ListenAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
            using var reader = new StreamReader(context.Request.InputStream, Encoding.UTF8);
            var post = new ReceivedPost((WebHeaderCollection)context.Request.Headers, await reader.ReadToEndAsync());
            int before;
            lock (_posts)
            {
                before = _posts.Count;
                _posts.Add(post);
            }
            context.Response.StatusCode = Answer(before);
            context.Response.Close();
        }
    }

    private static int FreePort()
    {
        using var socket = new TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        return ((IPEndPoint)socket.LocalEndpoint).Port;
    }
}
