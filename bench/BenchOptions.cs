using System.Globalization;
using AgentGrid.Core.Documents;

namespace AgentGrid.Bench;

/// <summary>What <c>dotnet run -c Release --project bench -- ...</c> takes.</summary>
internal sealed record BenchOptions
{
    public const string Usage = """
        dotnet run -c Release --project bench -- [options]
          --seconds N           how long each level is measured (default 10)
          --warmup N            how long each level runs before that (default 3)
          --concurrency A,B,C   runs in flight, one level each (default 1,16,64)
          --url URL             drive a server that runs already
          --processes A,B,C     with --url: the ids of the processes whose CPU and memory count (default none)
          --json                print the results as JSON
        dotnet run -c Release --project bench -- workflow FILE ... [options]
          --scale X             seconds of delay for each second that was measured (default 0.01)
          --least MS            no task is shorter (default 10)
          --random N            and N workflows that are drawn at random, from the seeds 1 to N (default 0)
          --slots A,B,C         slots of the delay agent, one level each; 0 for enough (default 0)
          --timeouts KIND       same for all steps, or careful: 100 times what each takes (default same)
          --agent NAME          delay, or net_delay on .NET's own timers (default delay)
          --repeat N            runs of each workflow; the first counts, and the median from the third on (default 3)
        dotnet run -c Release --project bench -- shapes [options]
          --sizes A,B,C         steps of the plans (default 10,100,1000,10000)
        dotnet run -c Release --project bench -- soak [options]
          --runs N              stop after so many runs (default 1000000)
          --retention TIME      how long ended runs are kept (default 1m)
          --seconds, --concurrency (the last one counts)
        dotnet run -c Release --project bench -- overload [options]
          --concurrency         how many runs the server takes at once (the last one counts)
          --seconds             how long it is offered twice what it can do
        dotnet run -c Release --project bench -- cluster [options]
          --silos A,B,C         silos beside the api, one cluster each; 0: one process (default 0,1,3)
          --fsync WHEN          no, everysec or always: what Redis waits for (default everysec)
          --seconds, --warmup, --concurrency, --json; needs redis-server, and silo/ built for Release
        dotnet run -c Release --project bench -- payload [options]
          --seconds, --warmup, --concurrency
        dotnet run -c Release --project bench -- onnx [options]
        dotnet run -c Release --project bench -- kinds [options]
          --seconds, --warmup, --concurrency (callers)
        dotnet run -c Release --project bench -- whatif [options]
          --runs N              runs of the journal that is replayed (at most 100000, which is the default)
        dotnet run -c Release --project bench -- placement FILE ... [options]
          --gpus N              about how many, of four kinds (default 10000)
          --seconds N           of the virtual clock in which calls come, at least 60 (default 60)
          --random N            graphs that are drawn at random, beside those of the files (default 3)
          --part PART           speed, quality, shards or all (default all)
        all:
          --sync full|normal    what a commit waits for (default full)
          --data FOLDER         where the journal is kept (default: a folder in the temporary one)
        """;

    public int Seconds { get; private init; } = 10;
    public int Warmup { get; private init; } = 3;
    public IReadOnlyList<int> Concurrency { get; private init; } = [1, 16, 64];
    public string Sync { get; private init; } = "full";
    public string? Data { get; private init; }
    public Uri? Url { get; private init; }
    public IReadOnlyList<int> Processes { get; private init; } = [];
    public bool Json { get; private init; }
    public IReadOnlyList<string> Files { get; private init; } = [];
    public double Scale { get; private init; } = 0.01;
    public double Least { get; private init; } = 10;
    public IReadOnlyList<int> Slots { get; private init; } = [0];
    public string Agent { get; private init; } = "delay";
    public int Random { get; private init; }
    public bool CarefulTimeouts { get; private init; }
    public int Repeat { get; private init; } = 3;
    public IReadOnlyList<int> Sizes { get; private init; } = [10, 100, 1_000, 10_000];
    public int Runs { get; private init; } = 1_000_000;
    public IReadOnlyList<int> Silos { get; private init; } = [0, 1, 3];
    public int Gpus { get; private init; } = 10_000;
    public string Part { get; private init; } = "all";
    public string Fsync { get; private init; } = "everysec";
    public TimeSpan Retention { get; private init; } = TimeSpan.FromMinutes(1);

    /// <exception cref="FormatException">An argument is unknown or is not what it should be.</exception>
    public static BenchOptions Parse(IReadOnlyList<string> args)
    {
        var options = new BenchOptions();
        for (var i = 0; i < args.Count; i++)
        {
            if (args[i] == "--json")
            {
                options = options with { Json = true };
                continue;
            }
            if (!args[i].StartsWith("--", StringComparison.Ordinal))
            {
                options = options with { Files = [.. options.Files, args[i]] };
                continue;
            }
            var value = i + 1 < args.Count ? args[++i] : throw new FormatException($"'{args[i]}' needs a value.");
            options = options.With(args[i - 1], value);
        }
        return options;
    }

    private BenchOptions With(string name, string value) => name switch
    {
        "--seconds" => this with { Seconds = Number(value) },
        "--warmup" => this with { Warmup = Number(value) },
        "--concurrency" => this with { Concurrency = Numbers(value) },
        "--silos" => this with { Silos = Numbers(value, 0) },
        "--gpus" => this with { Gpus = Number(value) },
        "--part" when value is "all" or "speed" or "quality" or "shards" => this with { Part = value },
        "--fsync" when value is "no" or "everysec" or "always" => this with { Fsync = value },
        "--sync" when value is "full" or "normal" => this with { Sync = value },
        "--data" => this with { Data = Path.GetFullPath(value) },
        "--url" => this with { Url = new Uri(value) },
        "--processes" => this with { Processes = Numbers(value) },
        "--scale" => this with { Scale = Fraction(value) },
        "--least" => this with { Least = Fraction(value) },
        "--slots" => this with { Slots = Numbers(value, least: 0) },
        "--agent" when value is "delay" or "net_delay" => this with { Agent = value },
        "--random" => this with { Random = Number(value) },
        "--timeouts" when value is "same" or "careful" => this with { CarefulTimeouts = value == "careful" },
        "--repeat" => this with { Repeat = Number(value) },
        "--sizes" => this with { Sizes = Numbers(value) },
        "--runs" => this with { Runs = Number(value) },
        "--retention" => this with
        {
            Retention = DurationText.Parse(value, out var problem)
                ?? throw new FormatException($"--retention: {problem}"),
        },
        _ => throw new FormatException($"'{name} {value}' is not an option."),
    };

    private static IReadOnlyList<int> Numbers(string text, int least = 1) =>
        [.. text.Split(',').Select(t => Number(t, least))];

    private static int Number(string text) => Number(text, 1);

    private static int Number(string text, int least) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least
            ? number
            : throw new FormatException($"'{text}' is not a whole number of at least {least}.");

    private static double Fraction(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number > 0
            ? number
            : throw new FormatException($"'{text}' is not a positive number.");
}
