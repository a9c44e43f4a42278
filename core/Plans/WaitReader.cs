using System.Collections.Frozen;
using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Plans;

/// <summary>Reads what a step waits for: its <c>wait</c> or its <c>approve</c>.</summary>
internal static class WaitReader
{
    private static readonly string[] s_keys = ["timeout", "remind_after", "on_timeout", "default", "by"];
    private static readonly string[] s_waitKeys = ["signal", .. s_keys];
    private static readonly string[] s_approveKeys = ["title", "description", "form", .. s_keys];

    internal static readonly FrozenDictionary<string, OnTimeout> OnTimeouts =
        Enum.GetValues<OnTimeout>().ToFrozenDictionary(StepReader.WordOf, StringComparer.Ordinal);

    /// <returns>Null when the step waits for nothing.</returns>
    public static StepWait? Read(string step, MappingReader reader, ProblemList problems) =>
        reader["wait"] is { } wait ? ReadWait(wait, problems)
        : reader["approve"] is { } approve ? ReadApprove(step, approve, problems)
        : null;

    private static StepWait ReadWait(ConfigNode node, ProblemList problems)
    {
        var before = problems.Count;
        var reader = new MappingReader(node, problems, s_waitKeys);
        var signal = reader.Name("signal", "name of a signal");
        if (signal is null && problems.Count == before)
        {
            problems.Add(node.Place, ConfigCodes.Missing, "'wait' needs 'signal: <name>', the name that is sent.");
        }
        return Read(reader, new StepWait { Signal = signal ?? "" }, problems);
    }

    private static StepWait ReadApprove(string step, ConfigNode node, ProblemList problems)
    {
        var before = problems.Count;
        var reader = new MappingReader(node, problems, s_approveKeys);
        var title = ReadText(reader, "title", problems);
        if (title is null && problems.Count == before)
        {
            problems.Add(node.Place, ConfigCodes.Missing, "'approve' needs 'title: <what is asked>', for those who decide.");
        }
        return Read(reader, new StepWait
        {
            Signal = step,
            Approval = title is null ? null : new Approval
            {
                Title = title,
                Description = ReadText(reader, "description", problems),
                Form = FormReader.Read(reader["form"], problems),
            },
        }, problems);
    }

    private static StepWait Read(MappingReader reader, StepWait wait, ProblemList problems)
    {
        var timeout = reader.Duration("timeout");
        var remindAfter = reader.Duration("remind_after");
        if (remindAfter >= (timeout ?? StepWait.DefaultTimeout))
        {
            problems.Add(
                reader["remind_after"]!.Place, ConfigCodes.Contradiction,
                $"'remind_after' is {DurationText.Format(remindAfter.Value)}, and the wait is over after " +
                $"{DurationText.Format(timeout ?? StepWait.DefaultTimeout)}, its 'timeout': make it shorter.");
        }
        var onTimeout = reader.Word("on_timeout", OnTimeouts);
        if (onTimeout == OnTimeout.Default && reader["default"] is null)
        {
            problems.Add(
                reader["on_timeout"]!.Place, ConfigCodes.Missing,
                "'on_timeout: default' needs 'default: <the step's output then>' beside it.");
        }
        if (reader["default"] is { } unused && onTimeout is null or OnTimeout.Fail or OnTimeout.Skip)
        {
            problems.Add(
                unused.Place, ConfigCodes.Contradiction, "'default' only has a meaning with 'on_timeout: default'.");
        }
        return wait with
        {
            Timeout = timeout ?? StepWait.DefaultTimeout,
            RemindAfter = remindAfter,
            OnTimeout = onTimeout ?? OnTimeout.Fail,
            Default = reader["default"]?.ToJson(),
            By = reader.TextList("by", "the name of an API key") ?? [],
        };
    }

    private static TextTemplate? ReadText(MappingReader reader, string key, ProblemList problems)
    {
        if (reader.Text(key) is not { } text)
        {
            return null;
        }
        var template = TextTemplate.Parse(text, out var problem);
        if (template is null)
        {
            problems.Add(reader[key]!.Place, ConfigCodes.BadPath, $"'{key}': {problem}");
        }
        return template;
    }
}
