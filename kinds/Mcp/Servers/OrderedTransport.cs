using System.Threading.Channels;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace AgentGrid.Kinds.Mcp.Servers;

/// <summary>
/// Hands notifications to whoever wants them before it passes on what came after them. The library handles each message on a
/// thread of its own, so that how far a call is could be said after its answer.
/// </summary>
internal sealed class OrderedTransport(IClientTransport inner, Action<JsonRpcNotification> seen) : IClientTransport
{
    /// <inheritdoc/>
    public string Name => inner.Name;

    /// <inheritdoc/>
    public async Task<ITransport> ConnectAsync(CancellationToken cancellationToken = default) =>
        new Connection(await inner.ConnectAsync(cancellationToken).ConfigureAwait(false), seen);

    private sealed class Connection : ITransport
    {
        private const int MostHeld = 64;

        private readonly ITransport _inner;
        private readonly Action<JsonRpcNotification> _seen;
        private readonly Channel<JsonRpcMessage> _messages = Channel.CreateBounded<JsonRpcMessage>(
            new BoundedChannelOptions(MostHeld) { SingleReader = true, SingleWriter = true });
        private readonly CancellationTokenSource _closing = new();
        private readonly Task _passing;

        public Connection(ITransport inner, Action<JsonRpcNotification> seen)
        {
            (_inner, _seen) = (inner, seen);
            _passing = Task.Run(PassAsync);
        }

        public string? SessionId => _inner.SessionId;

        public ChannelReader<JsonRpcMessage> MessageReader => _messages.Reader;

        public Task SendMessageAsync(JsonRpcMessage message, CancellationToken cancellationToken = default) =>
            _inner.SendMessageAsync(message, cancellationToken);

        public async ValueTask DisposeAsync()
        {
            await _inner.DisposeAsync().ConfigureAwait(false);
            await _closing.CancelAsync().ConfigureAwait(false);
            await _passing.ConfigureAwait(false);
            _closing.Dispose();
        }

        private async Task PassAsync()
        {
            Exception? end = null;
            try
            {
                await foreach (var message in _inner.MessageReader.ReadAllAsync(_closing.Token).ConfigureAwait(false))
                {
                    if (message is JsonRpcNotification notification)
                    {
                        _seen(notification);
                    }
                    await _messages.Writer.WriteAsync(message, _closing.Token).ConfigureAwait(false);
                }
            }
            catch (OperationCanceledException) when (_closing.IsCancellationRequested)
            {
                // Nobody reads any more.
            }
            catch (Exception e)
            {
                end = e;
            }
            _messages.Writer.TryComplete(end);
        }
    }
}
