using System.CommandLine;
using System.CommandLine.Invocation;
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

    private readonly Surroundings _around;
    private readonly Option<string?> _server = new("--server")
    {
        Description = $"Where the server is; also {ServerVariable}. [default: {DefaultServer}]",
        HelpName = "url",
        Recursive = true,
    };
    private readonly Option<string?> _apiKey = new("--api-key")
    {
        Description = $"The API key; better in {KeyVariable}, where other users of the machine do not see it.",
        HelpName = "key",
        Recursive = true,
    };
    private readonly Option<bool> _json = new("--json")
    {
        Description = "Print JSON: one value, or one a line for streams.",
        Recursive = true,
    };

    public CommandTree(Surroundings around)
    {
        _around = around;
        Root = new RootCommand("Starts, shows and steers runs of Agent Grid.") { _server, _apiKey, _json };
        foreach (var command in new Command[]
        {
            RunCommand.Create(this), RunsCommand.Create(this), ShowCommand.Create(this), WatchCommand.Create(this),
            CancelCommand.Create(this), RetryCommand.Create(this), AgentsCommand.Create(this),
            DrainCommand.Create(this), DrainCommand.CreateUndrain(this),
            NodesCommand.Create(this), HealthCommand.Create(this), PlansCommand.Create(this), RouteCommand.Create(this),
            ValidateCommand.Create(this), BenchCommand.Create(this),
        })
        {
            Root.Add(command);
        }
    }

    public RootCommand Root { get; }

    public async Task<int> RunAsync(IReadOnlyList<string> args, CancellationToken cancellationToken)
    {
        var parsed = Root.Parse(args);
        if (parsed.Action is ParseErrorAction)
        {
            foreach (var error in parsed.Errors)
            {
                await _around.Error.WriteLineAsync($"agentgrid: {error.Message}");
            }
            var path = string.Join(' ', CommandsOf(parsed.CommandResult).Reverse());
            await _around.Error.WriteLineAsync($"'{path} --help' says what it takes.");
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

    /// <summary>Makes a command do its work, and turns what goes wrong into messages and exit codes.</summary>
    public void Handle(Command command, Func<ParseResult, Session, CancellationToken, Task<int>> work) =>
        command.SetAction((parsed, cancellationToken) => HandleAsync(parsed, work, cancellationToken));

    private async Task<int> HandleAsync(
        ParseResult parsed, Func<ParseResult, Session, CancellationToken, Task<int>> work,
        CancellationToken cancellationToken)
    {
        var screen = new Screen(_around, parsed.GetValue(_json));
        try
        {
            using var server = new GridServer(AddressOf(parsed), KeyOf(parsed));
            return await work(parsed, new Session(_around, screen, server), cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return ExitCode.Interrupted;
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
    }

    private Uri AddressOf(ParseResult parsed)
    {
        var text = Told(parsed, _server, ServerVariable) ?? DefaultServer;
        return Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
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
        if (_around.Variable(variable)?.Trim() is { Length: > 0 } set)
        {
            return set;
        }
        return _around.Variables.FirstOrDefault(v => v is not (ServerVariable or KeyVariable)
            && Names.Nearest(v, [variable], MistakesInVariable) is not null) is { } misspelt
            ? throw CliException.Usage($"{misspelt} is nothing that is known here, did you mean {variable}?")
            : null;
    }

    private static IEnumerable<string> CommandsOf(System.CommandLine.Parsing.SymbolResult? result)
    {
        for (; result is System.CommandLine.Parsing.CommandResult command; result = result.Parent)
        {
            yield return command.Command.Name;
        }
    }
}
