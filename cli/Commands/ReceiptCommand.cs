using System.CommandLine;
using System.Text.Json;
using AgentGrid.Cli.Client;
using AgentGrid.Core;

namespace AgentGrid.Cli.Commands;

/// <summary><c>receipt</c>: prints the receipt of a run, and says whether one is as it was signed.</summary>
internal static class ReceiptCommand
{
    private static readonly JsonDocumentOptions s_strict = new() { AllowDuplicateProperties = false, MaxDepth = 128 };

    public static Command Create(CommandTree tree)
    {
        var run = new RunName();
        var command = new Command("receipt", "Print the receipt of a run that has ended: who did what, where, why, and what it cost.");
        run.AddTo(command);
        tree.Handle(command, async (parsed, session, cancellationToken) =>
        {
            var id = await run.ResolveAsync(parsed, session, cancellationToken);
            var receipt = await session.Server.GetAsync($"api/v1/runs/{GridServer.Segment(id)}/receipt", cancellationToken);
            if (session.Screen.IsLive)
            {
                session.Screen.Indented(receipt);
            }
            else
            {
                session.Screen.Value(receipt);
            }
            return ExitCode.Ok;
        });
        command.Add(CreateVerify(tree));
        return command;
    }

    private static Command CreateVerify(CommandTree tree)
    {
        var file = new Argument<string>("file") { Description = "A file with a receipt; - for standard input." };
        var key = new Option<string?>("--key")
        {
            Description = "A file with the public key: PEM, or a JSON Web Key (Set). [default: the key that the server says it has]",
            HelpName = "file",
        };
        var command = new Command("verify", "Say whether a receipt is as the server has signed it.") { file, key };
        tree.Handle(command, async (parsed, session, cancellationToken) =>
        {
            var name = parsed.GetRequiredValue(file);
            var receipt = await ReadAsync(name, session, cancellationToken);
            var signer = parsed.GetValue(key) is { } path
                ? KeyOf($"'{path}'", await Files.ReadAsync(path, cancellationToken))
                : await ServersKeyAsync(session.Server, cancellationToken);
            var problem = Problem(signer, receipt);
            if (session.Screen.Json)
            {
                session.Screen.Value(Json.From(new { valid = problem is null, key = signer.Id, problem }));
            }
            else if (problem is null)
            {
                session.Screen.Line($"The receipt of run {RunOf(receipt)} is as it was signed, with the key {signer.Id}.");
            }
            else
            {
                session.Screen.Failure(ExitCode.RunFailed, $"the receipt cannot be confirmed. {problem}");
            }
            return problem is null ? ExitCode.Ok : ExitCode.RunFailed;
        });
        return command;
    }

    private static string? Problem(SignatureKey key, JsonElement receipt)
    {
        try
        {
            return key.Problem(receipt);
        }
        catch (InvalidOperationException)
        {
            return "It has texts that are not Unicode.";
        }
    }

    // What is there twice could be read in two ways, of which one was signed.
    private static async Task<JsonElement> ReadAsync(string file, Session session, CancellationToken cancellationToken)
    {
        var (what, text) = file == "-"
            ? ("Standard input", await Files.ReadAsync("Standard input", () => session.Around.In, cancellationToken))
            : ($"'{file}'", await Files.ReadAsync(file, cancellationToken));
        try
        {
            return JsonElement.Parse(text, s_strict);
        }
        catch (JsonException e)
        {
            throw new CliException(ExitCode.RunFailed, $"{what} is not a receipt: {e.Message}", e);
        }
    }

    private static async Task<SignatureKey> ServersKeyAsync(GridServer server, CancellationToken cancellationToken)
    {
        var keys = await server.GetAsync("api/v1/receipts/keys", cancellationToken);
        return keys.Element.GetProperty("keys").GetArrayLength() == 0
            ? throw new CliException(ExitCode.Refused, $"The server at {server.Address} signs no receipts: it has no AgentGrid:Receipts:Key.")
            : KeyOf($"What {server.Address} says of its key", keys.ToString());
    }

    private static SignatureKey KeyOf(string what, string text) =>
        SignatureKey.Read(text, out var problem) ?? throw CliException.Usage($"{what} {problem}");

    private static string RunOf(JsonElement receipt) => receipt.TryGetProperty("run_id", out var id) ? id.ToString() : "?";
}
