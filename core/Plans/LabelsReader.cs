using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Plans;

/// <summary>Reads <c>labels</c> of plans, schedules, agents and nodes.</summary>
public static class LabelsReader
{
    public const string Key = "labels";

    /// <summary>Null for none.</summary>
    public static Labels? Read(MappingReader reader, ProblemList problems)
    {
        var labels = new List<KeyValuePair<string, string>>();
        var values = new MappingReader(reader[Key], problems, null);
        foreach (var entry in values.Entries)
        {
            if (values.Text(entry.Key) is not { } text)
            {
                continue;
            }
            if (Labels.Problem(entry.Key, text) is { } wrong)
            {
                problems.Add(entry.Place, ConfigCodes.BadLabel, wrong);
                continue;
            }
            labels.Add(KeyValuePair.Create(entry.Key, text));
        }
        var read = Labels.Of(labels, out var problem);
        if (problem is not null)
        {
            problems.Add(values.Place, ConfigCodes.BadLabel, problem);
        }
        return read;
    }
}
