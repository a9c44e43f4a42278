using System.Globalization;
using AgentGrid.Core.Agents;
using Microsoft.Extensions.Logging;

namespace AgentGrid.Kinds.Process;

/// <summary>
/// A program that was started by this server: with an environment of its own, in a session of its own, so that all that it
/// starts ends with it, and never outlives the server.
/// </summary>
public sealed partial class ChildProcess
{
    private const int KilledBySignal = 128;

    private static readonly TimeSpan s_exitPatience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_stderrPatience = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_closePatience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan s_terminatePatience = TimeSpan.FromSeconds(1);

    private readonly string _agent;
    private readonly ProgramSettings _program;
    private readonly AgentKindContext _context;
    private readonly Guard _guard;
    private readonly ILogger _logger;
    private readonly System.Diagnostics.Process _process;
    private readonly ProcessGroup _group;
    private readonly ErrorOutput _stderr;

    private ChildProcess(
        string agent, ProgramSettings program, AgentKindContext context, Guard guard, System.Diagnostics.Process process,
        bool ownsSession, ILogger logger)
    {
        (_agent, _program, _context, _guard, _logger, _process) = (agent, program, context, guard, logger, process);
        Id = process.Id;
        _group = new ProcessGroup(process, ownsSession);
        Input = process.StandardInput.BaseStream;
        Output = process.StandardOutput.BaseStream;
        _stderr = new ErrorOutput(agent, process.Id, process.StandardError, logger);
        Exited = WaitForExitAsync(ownsSession);
    }

    /// <summary>The number of the process.</summary>
    public int Id { get; }

    /// <summary>What it reads.</summary>
    public Stream Input { get; }

    /// <summary>What it writes. Its stderr goes to the log.</summary>
    public Stream Output { get; }

    /// <summary>The process has ended, by itself or not.</summary>
    public Task Exited { get; }

    /// <summary>How it has ended; 0 before that.</summary>
    public int ExitCode { get; private set; }

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

    /// <summary>Which process of whom, to begin a sentence with.</summary>
    public string Who => $"The process of agent '{_agent}' (pid {Id})";

    /// <summary>Starts a program.</summary>
    /// <param name="agent">The name of the agent whose work it does.</param>
    /// <param name="gpu">The index of the GPU that it sees; null for whatever there is.</param>
    /// <exception cref="AgentException">It is not there, or a secret is not.</exception>
    public static ChildProcess Start(
        string agent, ProgramSettings program, AgentKindContext context, Guard guard, ILogger logger, int? gpu = null)
    {
        var launch = new Launch(program, context, gpu);
        System.Diagnostics.Process process;
        try
        {
            process = launch.Start();
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or IOException)
        {
            throw new AgentException(
                ProcessErrors.Unavailable, $"Agent '{agent}': '{program.Target}' cannot be started: {e.Message}", inner: e);
        }
        var child = new ChildProcess(agent, program, context, guard, process, launch.OwnsSession, logger);
        if (launch.OwnsSession)
        {
            guard.Add(process.Id);
        }
        LogStarted(logger, agent, process.Id, program.Target);
        return child;
    }

    /// <summary>
    /// Ends the process in order: by the end of its stdin, which <paramref name="closeInput"/> closes, then by SIGTERM, then by
    /// SIGKILL.
    /// </summary>
    public async Task StopAsync(Func<Task> closeInput)
    {
        await closeInput().ConfigureAwait(false);
        if (!await EndsWithinAsync(s_closePatience).ConfigureAwait(false))
        {
            Terminate();
            await EndsWithinAsync(s_terminatePatience).ConfigureAwait(false);
        }
        Kill();
        await Exited.ConfigureAwait(false);
    }

    /// <summary>Asks the process to end.</summary>
    public void Terminate() => _group.Terminate();

    /// <summary>Ends the process and what it has started, now.</summary>
    public void Kill() => _group.Kill();

    /// <summary>Lets go of the pipes, when the process has ended.</summary>
    public void Release() => _process.Dispose();

    /// <summary>
    /// How it has ended, with its last lines. What cannot be spoken to any more and has not ended is ended, whatever it still does.
    /// </summary>
    /// <param name="when">In the middle of what it did.</param>
    public async Task<string> DescribeEndAsync(string when)
    {
        if (!await EndsWithinAsync(s_exitPatience).ConfigureAwait(false))
        {
            Kill();
            await Exited.ConfigureAwait(false);
        }
        var how = ExitCode switch
        {
            KilledBySignal + 9 => "was killed (SIGKILL), perhaps because the machine was short of memory",
            > KilledBySignal and < KilledBySignal + 65 =>
                string.Create(CultureInfo.InvariantCulture, $"was ended by signal {ExitCode - KilledBySignal}"),
            _ => string.Create(CultureInfo.InvariantCulture, $"ended with exit code {ExitCode}"),
        };
        return await WithTailAsync($"{Who} {how} {when}.").ConfigureAwait(false);
    }

    /// <summary>A message, and after it the last lines that the process has written to its stderr, if there are any.</summary>
    public async ValueTask<string> WithTailAsync(string message) =>
        await _stderr.TailAsync(s_stderrPatience).ConfigureAwait(false) is { Length: > 0 } tail
            ? $"{message} Its last lines: {Shown(tail)}"
            : message;

    /// <summary>What it said, fit to be shown: programs repeat what they were told, in complaints most of all.</summary>
    public string Shown(string text) => _context.Conceal(text, _program.Secrets);

    private async Task<bool> EndsWithinAsync(TimeSpan patience)
    {
        await Exited.WaitAsync(patience, _context.Time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return Exited.IsCompleted;
    }

    private async Task WaitForExitAsync(bool ownsSession)
    {
        await _process.WaitForExitAsync().ConfigureAwait(false);
        ExitCode = _process.ExitCode;
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
