using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using AgentGrid.Api.Hosting;
using AgentGrid.Core.Grid;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AgentGrid.ClientApi.Tests;

/// <summary>The client API on real Kestrel, over a <see cref="FakeGrid"/>.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestServer(WebApplication app, FakeGrid grid, LogLines log)
    {
        _app = app;
        Grid = grid;
        Log = log;
        Address = new Uri(app.Services.GetRequiredService<IServer>().Features
            .Get<IServerAddressesFeature>()!.Addresses.First());
        Http = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromMinutes(1) };
    }

    public FakeGrid Grid { get; }
    public LogLines Log { get; }
    public Uri Address { get; }
    public HttpClient Http { get; }

    public static Task<TestServer> StartAsync(params string[] args) => StartAsync(static _ => { }, args);

    public static async Task<TestServer> StartAsync(Action<IServiceCollection> add, params string[] args)
    {
        var grid = new FakeGrid();
        var log = new LogLines();
        var line = (CommandLine.Serve)ServerProgram.Parse(["--urls", "http://127.0.0.1:0", .. args]);
        var app = ServerProgram.Build(line, builder =>
        {
            builder.Services.AddSingleton<IAgentGrid>(grid);
            add(builder.Services);
            builder.Logging.ClearProviders().AddProvider(log);
        });
        await app.StartAsync();
        return new TestServer(app, grid, log);
    }

    public Task<HttpResponseMessage> PostAsync(string path, string json, string? type = "application/json")
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(json));
        if (type is not null)
        {
            content.Headers.TryAddWithoutValidation("Content-Type", type);
        }
        return Http.PostAsync(path, content);
    }

    public async Task<JsonElement> GetJsonAsync(string path) => await Http.GetFromJsonAsync<JsonElement>(path);

    public async Task<ClientWebSocket> ConnectAsync(string query = "", Action<ClientWebSocketOptions>? configure = null)
    {
        var socket = new ClientWebSocket();
        configure?.Invoke(socket.Options);
        await socket.ConnectAsync(new Uri($"ws://{Address.Authority}/ws/agents{query}"), CancellationToken.None);
        return socket;
    }

    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }
}

internal static class Reading
{
    public static async Task<JsonElement> JsonAsync(this HttpResponseMessage response) =>
        JsonElement.Parse(await response.Content.ReadAsByteArrayAsync());

    public static string Text(this JsonElement json, string name) => json.GetProperty(name).ToString();

    /// <summary>The next text frame; null when the server closes instead.</summary>
    public static async Task<string?> FrameAsync(this WebSocket socket)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var frame = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (true)
        {
            var read = await socket.ReceiveAsync(buffer.AsMemory(), timeout.Token);
            if (read.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }
            frame.Write(buffer, 0, read.Count);
            if (read.EndOfMessage)
            {
                return Encoding.UTF8.GetString(frame.ToArray());
            }
        }
    }

    public static async Task<long> SeqAsync(this WebSocket socket) =>
        JsonElement.Parse(await socket.FrameAsync() ?? """{"seq":-1}""").GetProperty("seq").GetInt64();
}
