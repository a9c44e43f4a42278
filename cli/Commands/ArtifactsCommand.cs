using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using AgentGrid.Cli.Client;
using AgentGrid.Cli.Output;

namespace AgentGrid.Cli.Commands;

/// <summary><c>artifacts</c>: lists the artifacts of a run, or saves one of them.</summary>
internal static class ArtifactsCommand
{
    private static readonly string[] s_columns = ["name", "type", "bytes", "steps", "sha256"];

    public static Command Create(CommandTree tree)
    {
        var run = new Argument<string>("run") { Description = "The run: its id, or its key as match_id/round." };
        var name = new Argument<string?>("name")
        {
            Description = "Save this one: its name, or its sha256.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var step = new Option<string?>("--step") { Description = "Only those in the output of this step.", HelpName = "id" };
        var file = new Option<string?>("--out", "-o")
        {
            Description = "Where to save it. [default: its name, in this folder]",
            HelpName = "file",
        };
        var command = new Command("artifacts", "List the artifacts of a run, or save one.") { run, name, step, file };
        command.Validators.Add(result =>
        {
            if (result.GetResult(file) is not null && !(result.GetResult(name)?.Tokens.Count > 0))
            {
                result.AddError("--out needs the name of the one that is to be saved.");
            }
        });
        tree.Handle(command, async (parsed, session, cancellationToken) =>
        {
            var id = await session.Server.ResolveAsync(parsed.GetRequiredValue(run), cancellationToken);
            var path = $"api/v1/runs/{GridServer.Segment(id)}/artifacts";
            var json = await session.Server.GetAsync(path, cancellationToken);
            var found = json.To<ArtifactList>()!.Artifacts
                .Where(a => parsed.GetValue(step) is not { } wanted || a.Steps.Contains(wanted)).ToList();
            if (parsed.GetValue(name) is not { } named)
            {
                Print(session.Screen, found);
                return ExitCode.Ok;
            }
            var one = Choose(id, named, found);
            var target = parsed.GetValue(file) ?? NewFile(one.Name);
            await SaveAsync(session.Server, $"{path}/{GridServer.Segment(one.Sha256)}", one, target, cancellationToken);
            session.Screen.Line($"{target}  {Bytes(one)} bytes");
            return ExitCode.Ok;
        });
        return command;
    }

    private static void Print(Screen screen, List<ArtifactView> found)
    {
        if (screen.Json)
        {
            screen.Value(Core.Json.From(new { artifacts = found }));
            return;
        }
        screen.Table(s_columns, found.Select(a => new object[]
        {
            a.Name, a.MediaType, Bytes(a), a.Steps.IsDefaultOrEmpty ? Show.Nothing : string.Join(", ", a.Steps), a.Sha256,
        }));
    }

    private static ArtifactView Choose(string run, string named, List<ArtifactView> found) =>
        found.Where(a => a.Name == named || a.Sha256 == named).DistinctBy(a => a.Sha256).ToList() switch
        {
            [] => throw new CliException(
                ExitCode.Refused, $"The run {run} has no artifact '{named}' here; 'agentgrid artifacts {run}' lists those it has."),
            [var one] => one,
            var several => throw new CliException(ExitCode.Refused, string.Join('\n', several
                .Select(a => $"  {a.Sha256}  {string.Join(", ", a.Steps)}")
                .Prepend($"'{named}' are {several.Count} artifacts; name one by its sha256, or its step with --step:"))),
        };

    // What is there is not lost to a name that the server says.
    private static string NewFile(string name) => File.Exists(Path.GetFileName(name))
        ? throw new CliException(ExitCode.Usage, $"'{Path.GetFileName(name)}' is there already; say with --out where to save it.")
        : Path.GetFileName(name);

    private static async Task SaveAsync(
        GridServer server, string path, ArtifactView artifact, string target, CancellationToken cancellationToken)
    {
        var half = $"{target}.part";
        try
        {
            await using (var file = File.Create(half))
            {
                await server.CopyAsync(path, file, cancellationToken);
                file.Position = 0;
                if (Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken)) != artifact.Sha256)
                {
                    throw new CliException(ExitCode.Unreachable, $"What came is not '{artifact.Name}': its sha256 differs. Try again.");
                }
            }
            File.Move(half, target, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"'{target}' cannot be written: {e.Message}", e);
        }
        finally
        {
            File.Delete(half);
        }
    }

    private static string Bytes(ArtifactView artifact) => artifact.Bytes.ToString("N0", CultureInfo.InvariantCulture);
}
