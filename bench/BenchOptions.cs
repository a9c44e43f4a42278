using System.Globalization;

namespace AgentGrid.Bench;

/// <summary>What <c>dotnet run -c Release --project bench -- ...</c> takes.</summary>
internal sealed record BenchOptions
{
    public const string Usage = """
        dotnet run -c Release --project bench -- [options]
          --seconds N           how long each level is measured (default 10)
          --warmup N            how long each level runs before that (default 3)
          --concurrency A,B,C   runs in flight, one level each (default 1,16,64)
          --sync full|normal    what a commit waits for (default full)
          --data FOLDER         where the journal is kept (default: a folder in the temporary one)
          --url URL             drive a server that runs already
          --json                print the results as JSON
        """;

    public int Seconds { get; private init; } = 10;
    public int Warmup { get; private init; } = 3;
    public IReadOnlyList<int> Concurrency { get; private init; } = [1, 16, 64];
    public string Sync { get; private init; } = "full";
    public string? Data { get; private init; }
    public Uri? Url { get; private init; }
    public bool Json { get; private init; }

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
            var value = i + 1 < args.Count ? args[++i] : throw new FormatException($"'{args[i]}' needs a value.");
            options = args[i - 1] switch
            {
                "--seconds" => options with { Seconds = Number(value) },
                "--warmup" => options with { Warmup = Number(value) },
                "--concurrency" => options with { Concurrency = [.. value.Split(',').Select(Number)] },
                "--sync" when value is "full" or "normal" => options with { Sync = value },
                "--data" => options with { Data = Path.GetFullPath(value) },
                "--url" => options with { Url = new Uri(value) },
                var name => throw new FormatException($"'{name} {value}' is not an option."),
            };
        }
        return options;
    }

    private static int Number(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0
            ? number
            : throw new FormatException($"'{text}' is not a positive whole number.");
}
