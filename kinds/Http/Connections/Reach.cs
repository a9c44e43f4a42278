using System.Net;
using System.Net.Sockets;
using AgentGrid.Core.Agents;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Kinds.Http.Connections;

/// <summary>
/// Whether a service can be reached. Attempts tell; while it cannot be connected to, it is looked for in the background, so
/// that an agent is healthy again without an attempt.
/// </summary>
/// <param name="agent">The agent's name.</param>
/// <param name="target">What is reached, for people.</param>
/// <param name="address">Finds the address, with its secrets.</param>
public sealed partial class Reach(
    string agent, string target, Func<Uri> address, TimeSpan connectTimeout, TimeProvider time, ILogger logger)
    : IAsyncDisposable
{
    private static readonly TimeSpan s_firstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _closing = new();
    private volatile string? _problem;
    private Task? _looking;
    private bool _isClosed;

    /// <summary>How the agent is, as far as its service tells.</summary>
    public AgentHealth Health => _problem is { } problem ? AgentHealth.Unhealthy(problem) : AgentHealth.Healthy;

    /// <summary>Looks whether somebody is there, and asks nothing. Where requests go through a proxy, that is not known.</summary>
    /// <exception cref="AgentException">Nobody is, or a secret of the address is not there.</exception>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            await ConnectAsync(cancellationToken).ConfigureAwait(false);
            Answered();
        }
        catch (AgentException e)
        {
            Failed(e, isUnreachable: true);
            throw;
        }
    }

    /// <summary>The service has answered.</summary>
    public void Answered()
    {
        if (_problem is not null)
        {
            _problem = null;
            LogReached(logger, agent, target);
        }
    }

    /// <summary>An attempt has failed in a way that others will as well.</summary>
    /// <param name="isUnreachable">Nobody answered: it is looked whether somebody does again.</param>
    public void Failed(AgentException error, bool isUnreachable)
    {
        if (_problem is null)
        {
            LogNotReached(logger, agent, error.Message);
        }
        _problem = error.Message;
        lock (_gate)
        {
            if (isUnreachable && !_isClosed && _looking is not { IsCompleted: false })
            {
                _looking = LookAsync();
            }
        }
    }

    /// <summary>Looks no more.</summary>
    public async ValueTask DisposeAsync()
    {
        Task looking;
        lock (_gate)
        {
            _isClosed = true;
            looking = _looking ?? Task.CompletedTask;
        }
        await _closing.CancelAsync().ConfigureAwait(false);
        await looking.ConfigureAwait(false);
        _closing.Dispose();
    }

    private async Task LookAsync()
    {
        var pause = s_firstPause;
        while (true)
        {
            try
            {
                await Task.Delay(pause, time, _closing.Token).ConfigureAwait(false);
                await ConnectAsync(_closing.Token).ConfigureAwait(false);
                Answered();
                return;
            }
            catch (AgentException e)
            {
                _problem = e.Message;
                pause = pause * 2 < s_longestPause ? pause * 2 : s_longestPause;
            }
            catch (OperationCanceledException)
            {
                return; // it is closed
            }
        }
    }

    private async Task ConnectAsync(CancellationToken cancellationToken)
    {
        var url = address();
        if (!HttpClient.DefaultProxy.IsBypassed(url))
        {
            return;
        }
        using var timeout = new CancellationTokenSource(connectTimeout, time);
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            await ServiceClients.TryConnectAsync(new DnsEndPoint(url.IdnHost, url.Port), late.Token).ConfigureAwait(false);
        }
        catch (SocketException e)
        {
            throw Unreachable(e.Message, e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw Unreachable($"nobody answered within {connectTimeout.TotalSeconds:0.###} s (connect_timeout)", e);
        }
    }

    private AgentException Unreachable(string reason, Exception inner) => new(
        HttpErrors.ConnectionFailed, $"Agent '{agent}': cannot connect to {target}: {reason}", inner: inner);

    [LoggerMessage(1120, LogLevel.Warning, "Agent '{Agent}' does not work: {Reason}")]
    private static partial void LogNotReached(ILogger logger, string agent, string reason);

    [LoggerMessage(1121, LogLevel.Information, "Agent '{Agent}' works again: {Target}")]
    private static partial void LogReached(ILogger logger, string agent, string target);
}
