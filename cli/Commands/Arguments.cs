using System.CommandLine;
using System.CommandLine.Parsing;
using AgentGrid.Core.Config;

namespace AgentGrid.Cli.Commands;

/// <summary>Arguments and options that several commands take.</summary>
internal static class Arguments
{
    public static Argument<string> Run() => new("run")
    {
        Description = "The run: its id, or its key as match_id/round.",
    };

    public static Argument<string[]> Runs() => new("run")
    {
        Description = "The runs: their ids, or their keys as match_id/round.",
        Arity = ArgumentArity.OneOrMore,
    };

    public static Option<bool> Wait() => new("--wait", "-w")
    {
        Description = "Wait for the end, and show how it goes. Ctrl-C stops the waiting, not the run.",
    };

    public static Option<TimeSpan?> Timeout() => Duration(
        "--timeout", $"With --wait: stop waiting after this long, with exit code {ExitCode.StillRunning}.");

    /// <summary>An option like <c>30s</c>, <c>500ms</c> or <c>2m</c>.</summary>
    public static Option<TimeSpan?> Duration(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "duration",
        CustomParser = ReadDuration,
    };

    /// <summary>A whole number from a range.</summary>
    public static Option<int> Number(string name, string description, int least, int most, int otherwise)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => otherwise };
        option.Validators.Add(result =>
        {
            // What is no number at all has been refused before.
            if (result.Tokens is [var token] && int.TryParse(token.Value, out var value)
                && (value < least || value > most))
            {
                result.AddError($"{name} must be {least} to {most}, not {value}.");
            }
        });
        return option;
    }

    private static TimeSpan? ReadDuration(ArgumentResult result)
    {
        var duration = DurationText.Parse(result.Tokens[0].Value, out var problem);
        if (duration is null)
        {
            result.AddError($"{((OptionResult)result.Parent!).Option.Name}: {problem}");
        }
        return duration;
    }
}
