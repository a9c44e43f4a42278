using System.CommandLine;
using System.CommandLine.Invocation;
using System.Text.Json;
using AgentGrid.Cli.Client;
using AgentGrid.Cli.Commands;
using AgentGrid.Cli.Output;
using AgentGrid.Core;

namespace AgentGrid.Cli;

/// <summary>The commands, their common options, and what becomes of their failures.</summary>
internal sealed class CommandTree
{
    public const string DefaultServer = "http://127.0.0.1:8000";

    private const string ServerVariable = "AGENTGRID_SERVER";
    private const string KeyVariable = "AGENTGRID_API_KEY";
    private const int MistakesInVariable = 2;

    // A word that begins with '@' is a match or a player, not a file with more of the command line.
    private static readonly ParserConfiguration s_parsing = new() { ResponseFileTokenReplacer = null };

    private readonly TerminalEnvironment _around;
    private readonly Option<string?> _server = new("--server")
    {
        Description = $"The server's address; can also be set as {ServerVariable}. [default: {DefaultServer}]",
        HelpName = "url",
        Recursive = true,
    };
    private readonly Option<string?> _apiKey = new("--api-key")
    {
        Description = $"The API key. Better set {KeyVariable}, which other users of the machine cannot see.",
        HelpName = "key",
        Recursive = true,
    };
    private readonly Option<bool> _json = new("--json")
    {
        Description = "Print JSON: one value, or one per line for streams.",
        Recursive = true,
    };
    private readonly Option<TimeSpan?> _patience = Arguments.Duration(
        "--patience", "How long the server may be silent before it counts as lost. [default: 30s]",
        TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1));

    public CommandTree(TerminalEnvironment around)
    {
        _around = around;
        _patience.Recursive = true;
        Root = new RootCommand("Starts, shows and steers runs of Agent Grid.") { _server, _apiKey, _json, _patience };
        foreach (var command in new Command[]
        {
            RunCommand.Create(this), RunsCommand.Create(this), ShowCommand.Create(this), ArtifactsCommand.Create(this), ReceiptCommand.Create(this),
            WatchCommand.Create(this),
            CancelCommand.Create(this), RetryCommand.Create(this),
            ApprovalsCommand.Create(this), SignalCommand.CreateApprove(this), SignalCommand.Create(this), AgentsCommand.Create(this),
            DrainCommand.Create(this), DrainCommand.CreateUndrain(this),
            NodesCommand.Create(this), HealthCommand.Create(this), PlansCommand.Create(this), SchedulesCommand.Create(this),
            RouteCommand.Create(this),
            ValidateCommand.Create(this), WhatIfCommand.Create(this), SimulateCommand.Create(this), BenchCommand.Create(this),
        })
        {
            Root.Add(command);
        }
    }

    public RootCommand Root { get; }

    public async Task<int> RunAsync(IReadOnlyList<string> args, CancellationToken cancellationToken)
    {
        try
        {
            return await ParseAndRunAsync(args, cancellationToken);
        }
        catch (IOException e)
        {
            // Files and connections have words of their own for it; this is what was printed.
            await _around.Error.WriteLineAsync($"agentgrid: the output cannot be written: {e.Message}");
            return ExitCode.OutputLost;
        }
    }

    private async Task<int> ParseAndRunAsync(IReadOnlyList<string> args, CancellationToken cancellationToken)
    {
        var parsed = Root.Parse(args, s_parsing);
        var mistake = Arguments.Mistake(parsed);
        if (mistake is not null || parsed.Action is ParseErrorAction)
        {
            foreach (var message in mistake is null ? parsed.Errors.Select(e => e.Message) : [mistake])
            {
                await _around.Error.WriteLineAsync($"agentgrid: {PlainText.Of(message)}");
            }
            var path = string.Join(' ', CommandsOf(parsed.CommandResult).Reverse());
            await _around.Error.WriteLineAsync($"'{path} --help' shows how to use it.");
            return ExitCode.Usage;
        }
        return await parsed.InvokeAsync(
            new InvocationConfiguration
            {
                Output = _around.Out,
                Error = _around.Error,
                EnableDefaultExceptionHandler = false,
            },
            cancellationToken);
    }

    /// <summary>
    /// Makes a command do its work, and turns what goes wrong into messages and exit codes. The work is cancelled when
    /// nobody reads its output any more.
    /// </summary>
    public void Handle(Command command, Func<ParseResult, Session, CancellationToken, Task<int>> work) =>
        command.SetAction((parsed, cancellationToken) =>
            HandleAsync(parsed, work, _around.OutputClosed, cancellationToken));

    /// <summary>The same for a command that changes something: it is done to its end, whoever reads of it.</summary>
    public void HandleChange(Command command, Func<ParseResult, Session, CancellationToken, Task<int>> work) =>
        command.SetAction((parsed, cancellationToken) =>
            HandleAsync(parsed, work, CancellationToken.None, cancellationToken));

    private async Task<int> HandleAsync(
        ParseResult parsed, Func<ParseResult, Session, CancellationToken, Task<int>> work,
        CancellationToken outputClosed, CancellationToken cancellationToken)
    {
        var screen = new Screen(_around, parsed.GetValue(_json));
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, outputClosed);
        try
        {
            using var server = new GridServer(
                AddressOf(parsed), KeyOf(parsed), parsed.GetValue(_patience) ?? GridServer.DefaultPatience,
                _around.Time);
            var session = new Session(_around, screen, server) { IsServerNamed = Told(parsed, _server, ServerVariable) is not null };
            return await work(parsed, session, ended.Token);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            return cancellationToken.IsCancellationRequested ? ExitCode.Interrupted : ExitCode.OutputClosed;
        }
        catch (ProblemException e)
        {
            screen.Problem(e.Problem);
            return ExitCode.Refused;
        }
        catch (CliException e)
        {
            screen.Failure(e.ExitCode, e.Message);
            return e.ExitCode;
        }
        catch (JsonException e)
        {
            screen.Failure(ExitCode.Unreachable, $"The server is not Agent Grid, or its answer cannot be read: {e.Message}");
            return ExitCode.Unreachable;
        }
        catch (Exception e) when (e is not IOException)
        {
            screen.Failure(
                ExitCode.Mistake,
                "this is a bug in agentgrid, or an answer from a server of another version: " +
                $"{e.GetType().Name}: {e.Message}");
            return ExitCode.Mistake;
        }
    }

    private Uri AddressOf(ParseResult parsed)
    {
        var text = Told(parsed, _server, ServerVariable) ?? DefaultServer;
        return Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            && address is { Query: "", Fragment: "" }
            ? address
            : throw CliException.Usage(
                $"'{text}' is not the address of a server; expected one such as {DefaultServer}.");
    }

    private string? KeyOf(ParseResult parsed)
    {
        var key = Told(parsed, _apiKey, KeyVariable);
        return key is null || key.All(c => c is > ' ' and < '\u007f')
            ? key
            : throw CliException.Usage("The API key contains characters that no key has.");
    }

    // Blanks around it come from files. A misspelt variable would lead to another server, or to none of its runs.
    private string? Told(ParseResult parsed, Option<string?> option, string variable)
    {
        if (parsed.GetValue(option) is { } given)
        {
            return given.Trim() is { Length: > 0 } value ? value : throw CliException.Usage($"{option.Name} is empty.");
        }
        return _around.Variable(variable)
            ?? (_around.Variables.Keys.FirstOrDefault(v => v is not (ServerVariable or KeyVariable)
                && Names.Nearest(v, [variable], MistakesInVariable) is not null) is { } misspelt
                ? throw CliException.Usage($"{misspelt} is not a known variable, did you mean {variable}?")
                : null);
    }

    private static IEnumerable<string> CommandsOf(System.CommandLine.Parsing.SymbolResult? result)
    {
        for (; result is System.CommandLine.Parsing.CommandResult command; result = result.Parent)
        {
            yield return command.Command.Name;
        }
    }
}
