using System.Globalization;
using System.Text.Json;
using AgentGrid.Api.Problems;
using AgentGrid.Core;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Grid;
using AgentGrid.Core.Runs;

namespace AgentGrid.Api.Requests;

/// <summary>Reads query parameters; the first that cannot be understood becomes the problem.</summary>
internal sealed class QueryReader(IQueryCollection query)
{
    private const int MaxTextLength = 1_000;
    private static readonly TimeSpan s_day = TimeSpan.FromDays(1);

    // What every client can count to, JavaScript included.
    private const long MaxSeq = (1L << 53) - 1;

    public ApiProblem? Problem { get; private set; }

    public string? Text(string name)
    {
        string? value = query[name];
        if (value?.Length > MaxTextLength)
        {
            Refuse(name, $"'{name}' has {value.Length} characters; at most {MaxTextLength} are allowed.");
        }
        return string.IsNullOrEmpty(value) ? null : value;
    }

    /// <summary><c>match_id</c> and <c>round</c>, or the two as one <c>key</c>.</summary>
    public (string? MatchId, string? Round) Key()
    {
        var (match, round) = (Text("match_id"), Text("round"));
        if (Text("key") is not { } text)
        {
            return (match, round);
        }
        if (match is not null || round is not null)
        {
            Refuse("key", "'key' says both 'match_id' and 'round': leave them out, or it.");
        }
        var key = RunKey.Parse(text);
        return (key.MatchId, key.Round);
    }

    public int Int(string name, int least, int most, int otherwise)
    {
        if (Text(name) is not { } text)
        {
            return otherwise;
        }
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            && value >= least && value <= most)
        {
            return value;
        }
        Refuse(name, $"'{name}' is '{Names.Shorten(text)}'; expected a whole number from {least} to {most}.");
        return otherwise;
    }

    /// <summary>The number of an event, from 0; null when the parameter is not there.</summary>
    public long? Seq(string name) => Seq(name, Text(name));

    public long? Seq(string name, string? text)
    {
        if (text is null)
        {
            return null;
        }
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value <= MaxSeq)
        {
            return value;
        }
        Refuse(name, $"'{name}' is '{Names.Shorten(text)}'; expected the number of an event, from 0 to {MaxSeq}.");
        return null;
    }

    /// <summary>One of some words, the first when the parameter is not there.</summary>
    public string Choice(string name, params ReadOnlySpan<string> words)
    {
        if (Text(name) is not { } text)
        {
            return words[0];
        }
        if (!words.Contains(text))
        {
            Refuse(name, $"'{name}' is '{Names.Shorten(text)}'; expected one of {string.Join(", ", words)}.");
        }
        return text;
    }

    /// <summary>A status, or what an active run is doing.</summary>
    public (RunStatus? Status, RunActivity? Activity) Status(string name)
    {
        if (Text(name) is not { } text)
        {
            return default;
        }
        if (Word<RunStatus>(text) is { } status)
        {
            return (status, null);
        }
        if (Word<RunActivity>(text) is { } activity)
        {
            return (null, activity);
        }
        Refuse(name, $"'{name}' is '{Names.Shorten(text)}'; expected one of {string.Join(", ", RunQuery.StatusWords)}.");
        return default;
    }

    /// <summary>Labels as <c>name:text</c>, each in a parameter of its own; null when there is none.</summary>
    public Labels? Labels(string name)
    {
        var labels = new List<KeyValuePair<string, string>>();
        foreach (var text in query[name])
        {
            if (Core.Labels.Parse(text ?? "", ':', out var wrong) is { } label)
            {
                labels.Add(label);
                continue;
            }
            Refuse(name, wrong!);
            return null;
        }
        var read = Core.Labels.Of(labels, out var problem);
        if (problem is not null)
        {
            Refuse(name, problem);
        }
        return read;
    }

    public RunId? RunId(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }
        if (Core.RunId.TryParse(text, out var id))
        {
            return id;
        }
        Refuse(name, $"'{name}' is '{Names.Shorten(text)}'; expected a run id, 32 lower-case hexadecimal digits.");
        return null;
    }

    /// <summary>A time as in plans, like <c>30s</c>, <c>500ms</c> or <c>1m30s</c>, or a number of seconds; a day at most.</summary>
    public TimeSpan? Duration(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }
        var duration = decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds((double)Math.Min(seconds, 86_400))
            : DurationText.Parse(text, out _);
        if (duration is { } time)
        {
            return time < s_day ? time : s_day;
        }
        Refuse(name, $"'{name}' is '{Names.Shorten(text)}'; expected a time such as 30s, 500ms or 2m.");
        return null;
    }

    private static T? Word<T>(string text)
        where T : struct, Enum
    {
        foreach (var value in Enum.GetValues<T>())
        {
            if (JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString())
                .Equals(text, StringComparison.OrdinalIgnoreCase))
            {
                return value;
            }
        }
        return null;
    }

    private void Refuse(string name, string detail) =>
        Problem ??= new ApiProblem(400, ApiCode.InvalidParameter, detail) { Field = name };
}
