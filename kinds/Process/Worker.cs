using System.Globalization;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Runs;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Kinds.Process;

/// <summary>One process that is kept warm, and does one attempt at a time.</summary>
/// <remarks>Its pool sees to it that nobody else uses it meanwhile.</remarks>
internal sealed partial class Worker
{
    private static readonly TimeSpan s_closePatience = TimeSpan.FromSeconds(1);

    private readonly string _agent;
    private readonly ProcessSettings _settings;
    private readonly AgentKindContext _context;
    private readonly ILogger _logger;
    private readonly ChildProcess _child;
    private readonly LineReader _stdout;
    private readonly Requests _requests = new();
    private readonly SemaphoreSlim _writing = new(1);
    private long _lastId;
    private bool _isBroken;

    private Worker(string agent, ProcessSettings settings, AgentKindContext context, ChildProcess child, ILogger logger)
    {
        (_agent, _settings, _context, _logger, _child) = (agent, settings, context, logger, child);
        _stdout = new LineReader(child.Output, LongestLine(context.MaxOutputBytes));
    }

    /// <summary>The number of the process.</summary>
    public int Id => _child.Id;

    /// <summary>The process has ended, by itself or not.</summary>
    public Task Exited => _child.Exited;

    /// <summary>How it has ended; 0 before that.</summary>
    public int ExitCode => _child.ExitCode;

    /// <summary>Attempts that it has answered.</summary>
    public int Tasks { get; private set; }

    /// <summary>It is not to be given another attempt: it has ended, or does not keep to the protocol.</summary>
    public bool IsBroken => _isBroken || Exited.IsCompleted;

    /// <summary>Why it ended by itself in the middle of an attempt, or had to be ended; null when it did not.</summary>
    public string? Failure { get; private set; }

    /// <summary>It was killed because it went on with an attempt that was cancelled.</summary>
    public bool WasGivenUp { get; private set; }

    /// <summary>Bytes of memory that are resident.</summary>
    public long ResidentBytes => _child.ResidentBytes;

    /// <summary>Starts a process, and returns when it says that it is ready.</summary>
    /// <exception cref="AgentException">It did not start, or did not get ready in time.</exception>
    public static async Task<Worker> StartAsync(
        string agent, ProcessSettings settings, int? gpu, AgentKindContext context, Guard guard, ILogger logger,
        CancellationToken cancellationToken)
    {
        var child = ChildProcess.Start(agent, settings.Program, context, guard, logger, gpu);
        var worker = new Worker(agent, settings, context, child, logger);
        using var timeout = new CancellationTokenSource(settings.StartTimeout, context.Time);
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            await worker.InitializeAsync(late.Token).ConfigureAwait(false);
            return worker;
        }
        catch (Exception e)
        {
            child.Kill();
            throw e switch
            {
                OperationCanceledException when cancellationToken.IsCancellationRequested => e,
                OperationCanceledException => new AgentException(ProcessErrors.Unavailable, await child.WithTailAsync(
                    $"{child.Who} was not ready within {settings.StartTimeout.TotalSeconds:0.###} s (start_timeout).")
                    .ConfigureAwait(false)),
                FormatException => new AgentException(ProcessErrors.BadProtocol, await child.WithTailAsync(
                    $"{child.Who} did not answer 'initialize' as the protocol requires: {e.Message}.").ConfigureAwait(false)),
                _ => e,
            };
        }
    }

    /// <summary>Does one attempt. The worker is broken afterwards where it did not come to an end in order.</summary>
    /// <param name="paths">Files with the artifacts that the input refers to, by SHA-256; null where there are no artifacts.</param>
    /// <exception cref="AgentException">It failed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled, and the process has let go of it.</exception>
    public async ValueTask<Json> RunAsync(
        AgentInvocation invocation, Dictionary<string, string>? paths, CancellationToken cancellationToken)
    {
        var id = ++_lastId;
        var cancellation = new Cancellation(this, id, cancellationToken);
        try
        {
            await WriteAsync(_requests.Run(id, invocation, paths)).ConfigureAwait(false);
            return await ReadOutcomeAsync(id, invocation).ConfigureAwait(false);
        }
        catch (AgentException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // It has closed its stdin: most likely it has ended.
            var died = await DiedAsync().ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            throw died;
        }
        finally
        {
            // One that is being written is written to its end; none begins afterwards.
            await cancellation.EndAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Ends the process in order: by the end of its stdin, then by SIGTERM, then by SIGKILL.</summary>
    public Task StopAsync()
    {
        _isBroken = true;
        return _child.StopAsync(CloseInputAsync);
    }

    /// <summary>Ends the process and what it has started, now.</summary>
    public void Kill()
    {
        _isBroken = true;
        _child.Kill();
    }

    /// <summary>Lets go of the pipes, when the process has ended and nobody does an attempt with it any more.</summary>
    public void Release()
    {
        _requests.Dispose();
        _child.Release();
    }

    private string Who => _child.Who;

    // The longest output as JSON, and the message around it.
    private static int LongestLine(int maxOutputBytes) => (int)Math.Min((long)maxOutputBytes + 4096, Array.MaxLength / 2);

    private async Task InitializeAsync(CancellationToken cancellationToken)
    {
        await using var kill = cancellationToken.UnsafeRegister(
            static worker => ((Worker)worker!)._child.Kill(), this).ConfigureAwait(false);
        try
        {
            await WriteAsync(Requests.Initialize(_agent, _context.MaxOutputBytes)).ConfigureAwait(false);
            while (true)
            {
                var line = await _stdout.ReadAsync(CancellationToken.None).ConfigureAwait(false);
                cancellationToken.ThrowIfCancellationRequested();
                switch (line is null ? null : Answer.Read(line.Value, 0))
                {
                    case null: throw await DiedAsync(isStarting: true).ConfigureAwait(false);
                    case Answer.Result { Id: 0 }: return;
                    case Answer.Failure { Id: 0 } x:
                        throw new AgentException(
                            x.Error.Code, await _child.WithTailAsync($"{Who} could not begin: {_child.Shown(x.Error.Message)}").ConfigureAwait(false),
                            x.Error.Retryable);
                    case Answer.Result or Answer.Failure: throw new FormatException("it answered another request");
                    default: break;
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw await DiedAsync(isStarting: true).ConfigureAwait(false);
        }
        catch (LineTooLongException)
        {
            throw new FormatException("its line is too long");
        }
    }

    private async ValueTask<Json> ReadOutcomeAsync(long id, AgentInvocation invocation)
    {
        while (true)
        {
            Answer? answer;
            try
            {
                var line = await _stdout.ReadAsync(CancellationToken.None).ConfigureAwait(false);
                answer = line is null ? null : Answer.Read(line.Value, id);
            }
            catch (LineTooLongException)
            {
                throw Break(ErrorCodes.OutputTooLarge,
                    $"{Who} wrote a line that is longer than {_context.MaxOutputBytes:N0} bytes, the limit for an " +
                    "output (option MaxOutputBytes); it was ended.");
            }
            catch (FormatException e)
            {
                throw Break(ProcessErrors.BadProtocol, await _child.WithTailAsync(
                    $"{Who} wrote a line to its stdout that is not a message of the protocol: {e.Message}. It was ended.")
                    .ConfigureAwait(false));
            }
            switch (answer)
            {
                case null: throw await DiedAsync().ConfigureAwait(false);
                case Answer.Progress x when x.Id == id: invocation.Progress.Report(x.Fraction, x.Message); break;
                case Answer.Usage x when x.Id == id: invocation.ReportUsage(x.Tokens); break;
                case Answer.Result x when x.Id == id:
                    Tasks++;
                    return x.Value;
                case Answer.Failure x when x.Id == id:
                    Tasks++;
                    throw new AgentException(x.Error.Code, _child.Shown(x.Error.Message), x.Error.Retryable, x.Error)
                    {
                        RetryAfter = x.Error.RetryAfter,
                        Type = x.Error.Type,
                        Detail = x.Error.Detail is { } detail ? _child.Shown(detail) : null,
                    };
                case Answer.Result { Id: var other }: throw WrongId(id, other);
                case Answer.Failure { Id: var other }: throw WrongId(id, other);
                default: break; // late progress, or what a later version may say
            }
        }
    }

    private AgentException WrongId(long expected, long id) => Break(
        ProcessErrors.BadProtocol, string.Create(CultureInfo.InvariantCulture,
            $"{Who} was asked {expected} and answered {id}, which nobody waits for. It was ended."));

    private AgentException Break(string code, string message)
    {
        Failure = message;
        Kill();
        return new AgentException(code, message, retryable: false);
    }

    private async Task<AgentException> DiedAsync(bool isStarting = false)
    {
        _isBroken = true;
        Failure = await _child.DescribeEndAsync(isStarting ? "before it was ready" : "in the middle of an attempt")
            .ConfigureAwait(false);
        return new AgentException(isStarting ? ProcessErrors.Unavailable : ProcessErrors.Died, Failure);
    }

    private async ValueTask WriteAsync(ReadOnlyMemory<byte> line)
    {
        await _writing.WaitAsync().ConfigureAwait(false);
        try
        {
            await _child.Input.WriteAsync(line).ConfigureAwait(false);
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task CloseInputAsync()
    {
        // Not while something is written: who waits for that is waited for no longer than for the rest.
        if (await _writing.WaitAsync(s_closePatience).ConfigureAwait(false))
        {
            try
            {
                _child.Input.Close();
            }
            catch (IOException)
            {
                // It is closed at the other end.
            }
        }
    }
}
