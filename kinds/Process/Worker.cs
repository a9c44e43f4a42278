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
    private const int KilledBySignal = 128;

    private static readonly TimeSpan s_exitPatience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_stderrPatience = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_closePatience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan s_terminatePatience = TimeSpan.FromSeconds(1);

    private readonly string _agent;
    private readonly ProcessSettings _settings;
    private readonly AgentKindContext _context;
    private readonly Guard _guard;
    private readonly ILogger _logger;
    private readonly System.Diagnostics.Process _process;
    private readonly ProcessGroup _group;
    private readonly Stream _stdin;
    private readonly LineReader _stdout;
    private readonly ErrorOutput _stderr;
    private readonly Requests _requests = new();
    private readonly SemaphoreSlim _writing = new(1);
    private long _lastId;

    private Worker(
        string agent, ProcessSettings settings, AgentKindContext context, Guard guard, System.Diagnostics.Process process,
        bool ownsSession, ILogger logger)
    {
        (_agent, _settings, _context, _guard, _logger, _process) = (agent, settings, context, guard, logger, process);
        Id = process.Id;
        _group = new ProcessGroup(process, ownsSession);
        _stdin = process.StandardInput.BaseStream;
        _stdout = new LineReader(process.StandardOutput.BaseStream, LongestLine(context.MaxOutputBytes));
        _stderr = new ErrorOutput(agent, process.Id, process.StandardError, logger);
        Exited = WaitForExitAsync(ownsSession);
    }

    /// <summary>The number of the process.</summary>
    public int Id { get; }

    /// <summary>The process has ended, by itself or not.</summary>
    public Task Exited { get; }

    /// <summary>How it has ended; 0 before that.</summary>
    public int ExitCode { get; private set; }

    /// <summary>Attempts that it has answered.</summary>
    public int Tasks { get; private set; }

    /// <summary>It is not to be given another attempt: it has ended, or does not keep to the protocol.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Why it ended by itself in the middle of an attempt, or had to be ended; null when it did not.</summary>
    public string? Failure { get; private set; }

    /// <summary>It was killed because it went on with an attempt that was cancelled.</summary>
    public bool WasGivenUp { get; private set; }

    /// <summary>Bytes of memory that are resident.</summary>
    public long ResidentBytes
    {
        get
        {
            try
            {
                _process.Refresh();
                return _process.WorkingSet64;
            }
            catch (InvalidOperationException)
            {
                return 0; // it has ended
            }
        }
    }

    /// <summary>Starts a process, and returns when it says that it is ready.</summary>
    /// <exception cref="AgentException">It did not start, or did not get ready in time.</exception>
    public static async Task<Worker> StartAsync(
        string agent, ProcessSettings settings, Launch launch, AgentKindContext context, Guard guard, ILogger logger,
        CancellationToken cancellationToken)
    {
        System.Diagnostics.Process process;
        try
        {
            process = launch.Start();
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or IOException)
        {
            throw new AgentException(
                ProcessErrors.Unavailable, $"Agent '{agent}': '{settings.Target}' cannot be started: {e.Message}", inner: e);
        }
        var worker = new Worker(agent, settings, context, guard, process, launch.OwnsSession, logger);
        if (launch.OwnsSession)
        {
            guard.Add(process.Id);
        }
        LogStarted(logger, agent, process.Id, settings.Target);
        using var timeout = new CancellationTokenSource(settings.StartTimeout, context.Time);
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            await worker.InitializeAsync(late.Token).ConfigureAwait(false);
            return worker;
        }
        catch (Exception e)
        {
            worker._group.Kill();
            throw e switch
            {
                OperationCanceledException when cancellationToken.IsCancellationRequested => e,
                OperationCanceledException => new AgentException(ProcessErrors.Unavailable, await worker.WithTailAsync(
                    $"{worker.Who} was not ready within {settings.StartTimeout.TotalSeconds:0.###} s (start_timeout).")
                    .ConfigureAwait(false)),
                FormatException => new AgentException(ProcessErrors.BadProtocol, await worker.WithTailAsync(
                    $"{worker.Who} did not answer 'initialize' as the protocol asks: {e.Message}.").ConfigureAwait(false)),
                _ => e,
            };
        }
    }

    /// <summary>Does one attempt. The worker is broken afterwards where it did not come to an end in order.</summary>
    /// <exception cref="AgentException">It failed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled, and the process has let go of it.</exception>
    public async ValueTask<Json> RunAsync(AgentInvocation invocation, CancellationToken cancellationToken)
    {
        var id = ++_lastId;
        var cancellation = new Cancellation(this, id, cancellationToken);
        try
        {
            await WriteAsync(_requests.Run(id, invocation)).ConfigureAwait(false);
            return await ReadOutcomeAsync(id, invocation.Progress).ConfigureAwait(false);
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
    public async Task StopAsync()
    {
        IsBroken = true;
        await CloseInputAsync().ConfigureAwait(false);
        if (!await EndsWithinAsync(s_closePatience).ConfigureAwait(false))
        {
            _group.Terminate();
            await EndsWithinAsync(s_terminatePatience).ConfigureAwait(false);
        }
        Kill();
        await Exited.ConfigureAwait(false);
    }

    /// <summary>Ends the process and what it has started, now.</summary>
    public void Kill()
    {
        IsBroken = true;
        _group.Kill();
    }

    /// <summary>Lets go of the pipes, when the process has ended and nobody does an attempt with it any more.</summary>
    public void Release()
    {
        _requests.Dispose();
        _process.Dispose();
    }

    private string Who => $"The process of agent '{_agent}' (pid {Id})";

    // The longest output as JSON, and the message around it.
    private static int LongestLine(int maxOutputBytes) => (int)Math.Min((long)maxOutputBytes + 4096, Array.MaxLength / 2);

    private async Task InitializeAsync(CancellationToken cancellationToken)
    {
        await using var kill = cancellationToken.UnsafeRegister(
            static worker => ((Worker)worker!)._group.Kill(), this).ConfigureAwait(false);
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
                            x.Error.Code, await WithTailAsync($"{Who} could not begin: {Shown(x.Error.Message)}").ConfigureAwait(false),
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

    private async ValueTask<Json> ReadOutcomeAsync(long id, IAgentProgress progress)
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
                    $"{Who} wrote a line that is longer than {_context.MaxOutputBytes:N0} bytes, which are allowed for an " +
                    "output (option MaxOutputBytes); it was ended.");
            }
            catch (FormatException e)
            {
                throw Break(ProcessErrors.BadProtocol, await WithTailAsync(
                    $"{Who} wrote a line to its stdout that is no message of the protocol: {e.Message}. It was ended.")
                    .ConfigureAwait(false));
            }
            switch (answer)
            {
                case null: throw await DiedAsync().ConfigureAwait(false);
                case Answer.Progress x when x.Id == id: progress.Report(x.Fraction, x.Message); break;
                case Answer.Result x when x.Id == id:
                    Tasks++;
                    return x.Value;
                case Answer.Failure x when x.Id == id:
                    Tasks++;
                    throw new AgentException(x.Error.Code, Shown(x.Error.Message), x.Error.Retryable, x.Error)
                    {
                        RetryAfter = x.Error.RetryAfter,
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
        IsBroken = true;
        if (!await EndsWithinAsync(s_exitPatience).ConfigureAwait(false))
        {
            // It cannot be spoken to any more, whatever it still does.
            Kill();
            await Exited.ConfigureAwait(false);
        }
        var how = ExitCode switch
        {
            KilledBySignal + 9 => "was killed (SIGKILL), perhaps because the machine was short of memory",
            > KilledBySignal and < KilledBySignal + 65 =>
                $"was ended by signal {ExitCode - KilledBySignal}",
            _ => $"ended with exit code {ExitCode}",
        };
        Failure = await WithTailAsync($"{Who} {how} {(isStarting ? "before it was ready" : "in the middle of an attempt")}.")
            .ConfigureAwait(false);
        return new AgentException(isStarting ? ProcessErrors.Unavailable : ProcessErrors.Died, Failure);
    }

    private async ValueTask<string> WithTailAsync(string message) =>
        await _stderr.TailAsync(s_stderrPatience).ConfigureAwait(false) is { Length: > 0 } tail
            ? $"{message} Its last lines: {Shown(tail)}"
            : message;

    // Programs repeat what they were told, in complaints most of all.
    private string Shown(string text) => _context.Conceal(text, _settings.Secrets);

    private async ValueTask WriteAsync(ReadOnlyMemory<byte> line)
    {
        await _writing.WaitAsync().ConfigureAwait(false);
        try
        {
            await _stdin.WriteAsync(line).ConfigureAwait(false);
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task CloseInputAsync()
    {
        // Not while something is written: who waits for that is waited for no longer than for the rest.
        if (await _writing.WaitAsync(s_terminatePatience).ConfigureAwait(false))
        {
            try
            {
                _stdin.Close();
            }
            catch (IOException)
            {
                // It is closed at the other end.
            }
        }
    }

    private async Task<bool> EndsWithinAsync(TimeSpan patience)
    {
        await Exited.WaitAsync(patience, _context.Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return Exited.IsCompleted;
    }

    private async Task WaitForExitAsync(bool ownsSession)
    {
        await _process.WaitForExitAsync().ConfigureAwait(false);
        ExitCode = _process.ExitCode;
        IsBroken = true;
        if (ownsSession)
        {
            // What it has left behind ends with it.
            _group.Kill();
            _guard.Remove(Id);
        }
        LogEnded(_logger, _agent, Id, ExitCode);
    }

    [LoggerMessage(1102, LogLevel.Debug, "Agent '{Agent}': process {Process} is started: {Command}")]
    private static partial void LogStarted(ILogger logger, string agent, int process, string command);

    [LoggerMessage(1103, LogLevel.Debug, "Agent '{Agent}': process {Process} has ended with exit code {Code}")]
    private static partial void LogEnded(ILogger logger, string agent, int process, int code);
}
