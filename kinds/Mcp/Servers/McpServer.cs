using System.Collections.Immutable;
using System.Text.Json;
using AgentGrid.Core.Agents;
using AgentGrid.Kinds.Http;
using AgentGrid.Kinds.Http.Connections;
using AgentGrid.Kinds.Process;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Kinds.Mcp.Servers;

/// <summary>
/// A server of the Model Context Protocol, to which a connection is kept. One that breaks is made anew, after a pause that
/// grows while none comes about; calls fail at once meanwhile.
/// </summary>
public sealed partial class McpServer : IAsyncDisposable
{
    // An output is there twice, as text within a text as well, with what surrounds both.
    private const int OutputTimes = 4;
    private const int Around = 64 * 1024;

    private static readonly TimeSpan s_firstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(30);

    private readonly string _agent;
    private readonly McpServerSettings _settings;
    private readonly AgentKindContext _context;
    private readonly Guard _guard;
    private readonly ILogger _logger;
    private readonly int _longest;
    private readonly HttpClient? _http;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly List<McpSession> _retired = [];
    private McpSession? _session;
    private Task<McpSession>? _opening;
    private Task? _looking;
    private AgentException? _problem;
    private int _failures;
    private long _failedAt;
    private bool _isClosed;

    internal McpServer(string agent, McpServerSettings settings, AgentKindContext context, Guard guard, ILogger logger)
    {
        (_agent, _settings, _context, _guard, _logger) = (agent, settings, context, guard, logger);
        _longest = (int)Math.Min(((long)context.MaxOutputBytes * OutputTimes) + Around, Array.MaxLength / 2);
        _http = settings.Url is null
            ? null
            : ServiceClients.Create(settings.ConnectTimeout, inner => new McpHandler(settings, context, _longest, Who, inner));
    }

    /// <summary>How it is, as far as is known.</summary>
    public AgentHealth Health
    {
        get
        {
            lock (_gate)
            {
                return _problem is { } problem ? AgentHealth.Unhealthy(problem.Message)
                    : _session is null ? AgentHealth.Starting
                    : AgentHealth.Healthy;
            }
        }
    }

    /// <summary>Who it is, as messages begin.</summary>
    public string Who => $"Agent '{_agent}': {_settings.Target}";

    /// <summary>What it can do, as far as is known; the default when there is no connection.</summary>
    public ImmutableArray<McpTool> KnownTools
    {
        get
        {
            lock (_gate)
            {
                return _session?.Tools ?? default;
            }
        }
    }

    /// <summary>What it can do, as it said when it was connected to.</summary>
    /// <exception cref="AgentException">There is no connection.</exception>
    public async Task<ImmutableArray<McpTool>> ToolsAsync(CancellationToken cancellationToken) =>
        (await SessionAsync(cancellationToken).ConfigureAwait(false)).Tools;

    /// <summary>Calls a tool. Nothing is tried again, unless the server has said that it has not begun.</summary>
    /// <param name="arguments">A JSON object.</param>
    /// <param name="invocation">For which attempt it is.</param>
    /// <param name="idempotencyKey">The same for a call that is the same.</param>
    /// <param name="progress">Null when nobody wants to know.</param>
    /// <exception cref="AgentException">The call failed. A tool that says so itself has a result.</exception>
    public async Task<McpResult> CallAsync(
        string tool, JsonElement arguments, AgentInvocation invocation, string idempotencyKey, IAgentProgress? progress,
        CancellationToken cancellationToken)
    {
        for (var isAgain = false; ; isAgain = true)
        {
            var session = await EnterAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                var answer = await session.CallAsync(tool, arguments, invocation, idempotencyKey, progress, cancellationToken).ConfigureAwait(false);
                var result = McpResult.Of(answer);
                Answered();
                return result with { Error = result.Error is null ? null : _context.Conceal(result.Error, _settings.Secrets) };
            }
            catch (Exception) when (cancellationToken.IsCancellationRequested)
            {
                throw new OperationCanceledException(cancellationToken);
            }
            catch (SessionOverException) when (!isAgain)
            {
                Drop(session);
            }
            catch (Exception e)
            {
                var failure = McpFailure.Of(e, Who, _context, _settings);
                Tell(session, failure);
                throw failure.Error;
            }
            finally
            {
                session.Leave();
            }
        }
    }

    /// <summary>Closes the connection, and ends the program.</summary>
    public async ValueTask DisposeAsync()
    {
        Task[] under;
        lock (_gate)
        {
            _isClosed = true;
            under = [_looking ?? Task.CompletedTask, _opening ?? Task.CompletedTask];
        }
        await _closing.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(under).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var session in _retired.Append(_session).OfType<McpSession>())
        {
            await session.DisposeAsync().ConfigureAwait(false);
        }
        _http?.Dispose();
        _closing.Dispose();
    }

    private async Task<McpSession> EnterAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var session = await SessionAsync(cancellationToken).ConfigureAwait(false);
            if (session.TryEnter())
            {
                return session;
            }
            Drop(session);
        }
    }

    private async Task<McpSession> SessionAsync(CancellationToken cancellationToken)
    {
        Task<McpSession> opening;
        lock (_gate)
        {
            if (_isClosed)
            {
                throw new AgentException(HttpErrors.ConnectionFailed, $"{Who}: the agent is being replaced or stopped.");
            }
            if (_session is { Ended.IsCompleted: false })
            {
                return _session;
            }
            if (_opening is null && PauseLeft() is var left && left > TimeSpan.Zero)
            {
                throw new AgentException(_problem!.Code, _problem.Message, _problem.Retryable) { RetryAfter = left };
            }
            opening = _opening ??= Task.Run(OpenAsync);
        }
        return await opening.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task<McpSession> OpenAsync()
    {
        try
        {
            var session = await McpSession.OpenAsync(
                _settings, _http,
                _settings.Program is { } program ? () => ChildProcess.Start(_agent, program, _context, _guard, _logger) : null,
                _settings.Url is { } url ? AddressOf(url) : null, _longest, _context.Time, _closing.Token).ConfigureAwait(false);
            lock (_gate)
            {
                if (_session is { } before)
                {
                    Retire(before);
                }
                (_session, _opening, _failures) = (session, null, 0);
            }
            Answered();
            _ = WatchAsync(session);
            return session;
        }
        catch (Exception e)
        {
            var failure = McpFailure.Of(e, Who, _context, _settings);
            lock (_gate)
            {
                _opening = null;
                _failures++;
                _failedAt = _context.Time.GetTimestamp();
                Failed(failure.Error);
                Look();
            }
            throw failure.Error;
        }
    }

    private Uri AddressOf(Core.Documents.SecretText url)
    {
        var address = _context.Reveal(url);
        return ServiceAddress.Problem(address) is { } problem
            ? throw new AgentException(HttpErrors.BadConfig, $"{Who}: 'url': {problem}", retryable: false)
            : new Uri(address);
    }

    // One that ends by itself is replaced before somebody needs it.
    private async Task WatchAsync(McpSession session)
    {
        await session.Ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Drop(session);
    }

    private void Drop(McpSession session)
    {
        lock (_gate)
        {
            if (_session != session)
            {
                return;
            }
            _session = null;
            Retire(session);
            Look();
        }
    }

    private void Retire(McpSession session)
    {
        _retired.RemoveAll(s => s.IsClosed);
        _retired.Add(session);
        session.Retire();
    }

    private void Tell(McpSession session, McpFailure failure)
    {
        if (failure.IsUnreachable)
        {
            lock (_gate)
            {
                Failed(failure.Error);
            }
            Drop(session);
        }
        else if (failure.RefusesUs)
        {
            lock (_gate)
            {
                Failed(failure.Error);
            }
        }
        else if (session.Ended.IsCompleted)
        {
            Drop(session);
        }
    }

    private void Answered()
    {
        lock (_gate)
        {
            if (_problem is not null)
            {
                _problem = null;
                LogWorks(_logger, _agent, _settings.Target);
            }
        }
    }

    private void Failed(AgentException problem)
    {
        if (_problem is null)
        {
            LogFailed(_logger, _agent, problem.Message);
        }
        _problem = problem;
    }

    // The first failure may be a chance.
    private TimeSpan Pause() => _failures <= 1
        ? TimeSpan.Zero
        : TimeSpan.FromTicks(Math.Min(s_firstPause.Ticks << Math.Min(_failures - 2, 10), s_longestPause.Ticks));

    private TimeSpan PauseLeft() => Pause() - _context.Time.GetElapsedTime(_failedAt);

    private void Look()
    {
        if (!_isClosed && _looking is not { IsCompleted: false })
        {
            _looking = Task.Run(LookAsync);
        }
    }

    private async Task LookAsync()
    {
        while (!_closing.IsCancellationRequested)
        {
            TimeSpan pause;
            lock (_gate)
            {
                if (_session is { Ended.IsCompleted: false })
                {
                    _looking = null;
                    return;
                }
                pause = PauseLeft() is var left && left > s_firstPause ? left : s_firstPause;
            }
            try
            {
                await Task.Delay(pause, _context.Time, _closing.Token).ConfigureAwait(false);
                await SessionAsync(_closing.Token).ConfigureAwait(false);
            }
            catch (AgentException)
            {
                // It is known, and tried again.
            }
            catch (OperationCanceledException)
            {
                return; // it is closed
            }
        }
    }

    [LoggerMessage(1130, LogLevel.Warning, "Agent '{Agent}' does not work: {Reason}")]
    private static partial void LogFailed(ILogger logger, string agent, string reason);

    [LoggerMessage(1131, LogLevel.Information, "Agent '{Agent}' works again: {Target}")]
    private static partial void LogWorks(ILogger logger, string agent, string target);
}
