using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using AgentGrid.Cli.Output;
using AgentGrid.Core;
using AgentGrid.Core.Config;
using AgentGrid.Core.Documents;
using AgentGrid.Engine.Slots;
using AgentGrid.Simulation.Faults;
using AgentGrid.Simulation.History;

namespace AgentGrid.Cli.Commands;

/// <summary><c>simulate</c>: what becomes of a plan when nodes die and agents fail; nothing is run.</summary>
internal sealed class SimulateCommand
{
    private const string DefaultNode = "local";

    private readonly Argument<string> _plan = new("plan") { Description = "The name of a plan of the configuration." };
    private readonly Option<string> _config = Configuration.Folder("The configuration that has the plan.");
    private readonly Option<string[]> _agents = Configuration.AgentLibraries();
    private readonly Option<string?> _nodes = SimulatedNodes.Option("one process, which drives the runs and runs the agents");
    private readonly Option<string[]> _kill = new("--kill")
    {
        Description = "What dies in the middle: node (any), process (which drives the runs), or the name of a node. Can be given more than once.",
        HelpName = "what",
    };
    private readonly Option<int> _times = Arguments.Number("--times", "How often each of these dies.", 1, 1_000, 1);
    private readonly Option<TimeSpan?> _back = Arguments.Duration(
        "--back", "How long it is gone. [default: 1m]", TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(365));
    private readonly Option<double?> _failures = Percent("--failures", "How many attempts fail, such as 5%.");
    private readonly Option<double?> _hangs = Percent("--hangs", "How many attempts never return, such as 1%.");
    private readonly Option<int> _seeds = Arguments.Number("--seeds", "How many seeds are tried.", 1, 1_000_000, 200);
    private readonly Option<int?> _seed = Arguments.Number("--seed", "This seed alone, to see it again.", 0, int.MaxValue);
    private readonly Option<int> _runs = Arguments.Number("--runs", "How many runs there are for each seed.", 1, 100_000, 1);
    private readonly Option<TimeSpan?> _every = Arguments.Duration(
        "--every", "How long after another a run comes. [default: 1s]", TimeSpan.Zero, TimeSpan.FromDays(1));
    private readonly Option<string?> _input = FileOption("--input", "A JSON file with what the runs are given.");
    private readonly Option<string?> _outputs = FileOption("--outputs", "A JSON file with what steps come to: an object by the ids of steps.");
    private readonly Option<string?> _durations = FileOption(
        "--durations", "A YAML file with how long agents take: perception: 2s, or 2s..5s. Without it: a tenth to a half of their timeouts.");
    private readonly Option<string?> _data = Journals.Option("A journal that says how long agents take, and what they return.");

    public static Command Create(CommandTree tree)
    {
        var options = new SimulateCommand();
        var command = new Command("simulate", "Try a plan on a virtual clock while nodes die and agents fail. No agent runs.")
        {
            options._plan, options._config, options._agents, options._nodes, options._kill, options._times, options._back, options._failures,
            options._hangs, options._seeds, options._seed, options._runs, options._every, options._input, options._outputs, options._durations,
            options._data,
        };
        tree.Handle(command, options.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, Session session, CancellationToken cancellationToken)
    {
        var simulation = new FaultSimulation(await ReadAsync(parsed, cancellationToken));
        var seed = parsed.GetValue(_seed);
        FaultReport report;
        try
        {
            report = simulation.Run(seed ?? 1, seed is null ? parsed.GetValue(_seeds) : 1, cancellationToken);
        }
        catch (FaultInputException e)
        {
            throw new CliException(ExitCode.Usage, $"no run can be made of it: {e.Message} Give the runs an input with {_input.Name}.", e);
        }
        if (session.Screen.Json)
        {
            session.Screen.Value(Json.From(report));
        }
        else
        {
            FaultText.Print(session.Screen, report);
        }
        return !report.Broken.IsEmpty ? ExitCode.Mistake
            : report.WithFaults.Completed < report.WithFaults.Runs ? ExitCode.RunFailed
            : ExitCode.Ok;
    }

    private async Task<FaultOptions> ReadAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var config = Configuration.Read(parsed.GetRequiredValue(_config), parsed.GetValue(_agents) ?? []);
        var plan = PlanOf(parsed.GetRequiredValue(_plan), config);
        var nodes = await SimulatedNodes.ReadAsync(parsed.GetValue(_nodes), config, cancellationToken) ?? [new NodeState { Name = DefaultNode }];
        return new FaultOptions
        {
            Config = config,
            Plan = plan,
            Nodes = nodes,
            Kills = KillsOf(parsed.GetValue(_kill) ?? [], nodes),
            Times = parsed.GetValue(_times),
            Back = parsed.GetValue(_back) ?? TimeSpan.FromMinutes(1),
            Failures = parsed.GetValue(_failures) ?? 0,
            Hangs = parsed.GetValue(_hangs) ?? 0,
            Runs = parsed.GetValue(_runs),
            Every = parsed.GetValue(_every) ?? TimeSpan.FromSeconds(1),
            Input = parsed.GetValue(_input) is { } input ? await ObjectAsync(input, cancellationToken) : null,
            Outputs = parsed.GetValue(_outputs) is { } outputs ? await OutputsAsync(outputs, plan, config, cancellationToken) : [],
            Durations = parsed.GetValue(_durations) is { } durations ? await DurationsAsync(durations, config, cancellationToken) : [],
            Samples = parsed.GetValue(_data) is { } data ? await SamplesAsync(data, cancellationToken) : null,
        };
    }

    private static string PlanOf(string name, GridConfig config) => config.Plans.ContainsKey(name)
        ? name
        : throw CliException.Usage(
            $"there is no plan '{Names.Shorten(name)}'; " +
            (Names.Nearest(name, config.Plans.Keys) is { } near ? $"did you mean '{near}'?"
                : config.Plans.IsEmpty ? "the configuration has none." : $"there are: {string.Join(", ", config.Plans.Keys)}."));

    private static ImmutableArray<string> KillsOf(string[] named, ImmutableArray<NodeState> nodes)
    {
        string[] known = [FaultOptions.AnyNode, FaultOptions.Process, .. nodes.Select(static n => n.Name)];
        return named.FirstOrDefault(k => !known.Contains(k)) is { } unknown
            ? throw CliException.Usage($"--kill is '{Names.Shorten(unknown)}'; expected one of {string.Join(", ", known)}.")
            : [.. named];
    }

    private static async Task<Json> ObjectAsync(string path, CancellationToken cancellationToken)
    {
        var json = await Files.ReadJsonAsync(path, cancellationToken);
        return json.Element.ValueKind == JsonValueKind.Object
            ? json
            : throw CliException.Usage($"'{path}' holds {json.Element.ValueKind.ToString().ToLowerInvariant()}; expected a JSON object.");
    }

    private static async Task<ImmutableDictionary<string, Json>> OutputsAsync(
        string path, string plan, GridConfig config, CancellationToken cancellationToken)
    {
        var json = await ObjectAsync(path, cancellationToken);
        string[] steps = [.. config.Plans[plan].Steps.Select(static s => s.Id)];
        return json.Element.EnumerateObject().FirstOrDefault(m => !steps.Contains(m.Name)) is { Value.ValueKind: not JsonValueKind.Undefined } unknown
            ? throw CliException.Usage(
                $"'{path}' has an output for '{Names.Shorten(unknown.Name)}', and plan '{plan}' has no such step; it has {string.Join(", ", steps)}.")
            : json.Element.EnumerateObject().ToImmutableDictionary(static m => m.Name, m => json.Part(m.Value), StringComparer.Ordinal);
    }

    private static async Task<ImmutableDictionary<string, DurationRange>> DurationsAsync(
        string path, GridConfig config, CancellationToken cancellationToken)
    {
        var (durations, problems) = DurationsReader.Read(new ConfigFile(path, await Files.ReadAsync(path, cancellationToken)), config);
        return problems.IsEmpty
            ? durations
            : throw CliException.Usage(string.Join('\n', problems.Select(ProblemText.Of).Prepend("the file with the durations has mistakes:")));
    }

    private static async Task<AttemptSamples> SamplesAsync(string path, CancellationToken cancellationToken)
    {
        using var journal = Journals.Open(path);
        var samples = new AttemptSamples(new Random(0));
        await foreach (var run in Journals.ReadAsync(journal, newest: null, plan: null, cancellationToken))
        {
            samples.Add(run);
        }
        return samples;
    }

    private static Option<string?> FileOption(string name, string description) => new(name) { Description = description, HelpName = "file" };

    private static Option<double?> Percent(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "percent",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (double.TryParse(text.TrimEnd('%'), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var percent) && percent <= 100)
            {
                return percent / 100;
            }
            result.AddError($"{name} is '{Names.Shorten(text)}'; expected a share such as 5%, at most 100%.");
            return null;
        },
    };
}
