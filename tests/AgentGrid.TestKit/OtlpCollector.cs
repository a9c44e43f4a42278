using System.Collections.Concurrent;
using System.Net;
using System.Text;

namespace AgentGrid.TestKit;

/// <summary>A collector of OpenTelemetry over HTTP that keeps what it is sent.</summary>
public sealed class OtlpCollector : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly ConcurrentQueue<(string Path, byte[] Body)> _received = new();
    private readonly Task _listening;

    public OtlpCollector()
    {
        Url = $"http://127.0.0.1:{FreePorts.Next()}";
        _listener.Prefixes.Add(Url + "/");
        _listener.Start();
        _listening = ListenAsync();
    }

    public string Url { get; }

    /// <summary>Every span so far.</summary>
    public IReadOnlyList<OtlpSpan> Spans =>
        [.. _received.Where(r => r.Path == "/v1/traces").SelectMany(r => OtlpSpan.Read(r.Body))];

    /// <summary>The texts in what came for <c>metrics</c>, <c>traces</c> or <c>logs</c>, among other bytes.</summary>
    public string Texts(string signal) => string.Concat(
        _received.Where(r => r.Path == $"/v1/{signal}").Select(r => Encoding.Latin1.GetString(r.Body)));

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _listening;
    }

    private async Task ListenAsync()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return; // closed
            }
            using var body = new MemoryStream();
            await context.Request.InputStream.CopyToAsync(body);
            _received.Enqueue((context.Request.Url!.AbsolutePath, body.ToArray()));
            context.Response.Close();
        }
    }
}
