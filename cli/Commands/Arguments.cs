using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using AgentGrid.Core;
using AgentGrid.Core.Documents;

namespace AgentGrid.Cli.Commands;

/// <summary>Arguments and options that several commands take.</summary>
internal static class Arguments
{
    public static Option<bool> Wait() => new("--wait", "-w")
    {
        Description = "Wait for the run to end, and show its progress. Ctrl-C stops the waiting, not the run.",
    };

    public static Option<TimeSpan?> Timeout() => Duration(
        "--timeout", $"With --wait: stop waiting after this long, with exit code {ExitCode.StillRunning}.",
        TimeSpan.Zero, TimeSpan.FromDays(30));

    /// <summary>Refuses an option that means nothing without a switch, rather than passing over it.</summary>
    public static void Needs(this Command command, Option option, Option<bool> @switch) =>
        command.Validators.Add(result =>
        {
            if (result.GetResult(option) is { Implicit: false } && !result.GetValue(@switch))
            {
                result.AddError($"{option.Name} needs {@switch.Name}.");
            }
        });

    /// <summary>An option like <c>30s</c>, <c>500ms</c> or <c>2m</c>, from a range.</summary>
    public static Option<TimeSpan?> Duration(string name, string description, TimeSpan least, TimeSpan most) =>
        new(name)
        {
            Description = description,
            HelpName = "duration",
            CustomParser = result => ReadDuration(result, least, most),
        };

    /// <summary>A moment like <c>2026-01-05T03:00:00Z</c>.</summary>
    public static Option<DateTimeOffset?> Time(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "time",
        CustomParser = result =>
        {
            var text = result.Tokens.Count == 0 ? "" : result.Tokens[0].Value;
            if (TimeText.Parse(text) is { } time)
            {
                return time;
            }
            result.AddError($"{name} is '{text}'; expected {TimeText.Expected}.");
            return null;
        },
    };

    /// <summary>Labels like <c>team=blue</c>, each after an option of its own; null for none.</summary>
    public static Option<Labels?> Labels(string description, string name = "--label") => new(name)
    {
        Description = description,
        HelpName = "name=text",
        Arity = ArgumentArity.OneOrMore,
        CustomParser = result =>
        {
            var labels = new List<KeyValuePair<string, string>>();
            foreach (var token in result.Tokens)
            {
                if (Core.Labels.Parse(token.Value, '=', out var wrong) is not { } label)
                {
                    result.AddError($"{name}: {wrong}");
                    return null;
                }
                labels.Add(label);
            }
            var read = Core.Labels.Of(labels, out var problem);
            if (problem is not null)
            {
                result.AddError($"{name}: {problem}");
            }
            return read;
        },
    };

    /// <summary>A whole number from a range.</summary>
    public static Option<int> Number(string name, string description, int least, int most, int otherwise) => new(name)
    {
        Description = description,
        HelpName = "n",
        DefaultValueFactory = _ => otherwise,
        CustomParser = result => (int)ReadNumber(result, least, most),
    };

    /// <summary>A whole number from a range, or none.</summary>
    public static Option<int?> Number(string name, string description, int least, int most) => new(name)
    {
        Description = description,
        HelpName = "n",
        CustomParser = result => (int)ReadNumber(result, least, most),
    };

    /// <summary>The number of an event.</summary>
    public static Option<long?> Event(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "seq",
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seq))
            {
                return seq;
            }
            result.AddError($"{name} must be the number of an event, from 0, not {Names.Shorten(text)}.");
            return null;
        },
    };

    /// <summary>How many times as much: 1 unless it is given.</summary>
    public static Option<double> Factor(string name, string description, double most) => new(name)
    {
        Description = description,
        HelpName = "factor",
        DefaultValueFactory = static _ => 1,
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (!double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var factor) || factor is not > 0 || factor > most)
            {
                result.AddError($"{name} is '{Names.Shorten(text)}'; expected a number above 0 and at most {most}, such as 2 or 0.5.");
            }
            return factor;
        },
    };

    /// <summary>
    /// What is wrong with a command line whatever it means, null when nothing is: an empty text, which comes from a
    /// variable of a script that is not set and must not stand for everything, or an option that is given again.
    /// </summary>
    public static string? Mistake(ParseResult parsed)
    {
        for (SymbolResult? result = parsed.CommandResult; result is CommandResult command; result = result.Parent)
        {
            if (command.Children.Select(Mistake).FirstOrDefault(m => m is not null) is { } mistake)
            {
                return mistake;
            }
        }
        return null;
    }

    private static string? Mistake(SymbolResult result)
    {
        var option = (result as OptionResult)?.Option;
        var name = option?.Name ?? (result as ArgumentResult)?.Argument.Name;
        if (result.Tokens.Any(t => t.Value.Length == 0))
        {
            return $"{name} is empty; give it a value, or leave it out.";
        }
        // A switch is on, however often it is said.
        return option is { Arity.MaximumNumberOfValues: 1 } && option.ValueType != typeof(bool)
            && ((OptionResult)result).IdentifierTokenCount is > 1 and var times
            ? $"{name} is given {times} times; give it once."
            : null;
    }

    private static long ReadNumber(ArgumentResult result, long least, long most)
    {
        var (name, text) = (((OptionResult)result.Parent!).Option.Name, result.Tokens[0].Value);
        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value))
        {
            result.AddError($"{name} is '{Names.Shorten(text)}'; expected a whole number from {least} to {most}.");
        }
        else if (value < least || value > most)
        {
            result.AddError($"{name} must be {least} to {most}, not {value}.");
            return least;
        }
        return value;
    }

    private static TimeSpan? ReadDuration(ArgumentResult result, TimeSpan least, TimeSpan most)
    {
        var name = ((OptionResult)result.Parent!).Option.Name;
        var duration = DurationText.Parse(result.Tokens[0].Value, out var problem);
        if (duration is null)
        {
            result.AddError($"{name}: {problem}");
        }
        else if (duration < least || duration > most)
        {
            result.AddError(
                $"{name} must be {DurationText.Format(least)} to {DurationText.Format(most)}, " +
                $"not {DurationText.Format(duration.Value)}.");
        }
        return duration;
    }
}
