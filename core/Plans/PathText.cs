using AgentGrid.Core.Documents;

namespace AgentGrid.Core.Plans;

/// <summary>Reads the values of a document that are paths and conditions.</summary>
internal static class PathText
{
    public static ValuePath? ReadPath(MappingReader reader, string key, ProblemList problems)
    {
        if (reader.Text(key) is not { } text)
        {
            return null;
        }
        var path = ValuePath.Parse(text, out var problem);
        if (path is null)
        {
            problems.Add(reader[key]!.Place, ConfigCodes.BadPath, $"'{key}': {problem}");
        }
        return path;
    }

    /// <summary>A condition; <c>true</c> and <c>false</c> need no quotes.</summary>
    public static Condition? ReadCondition(MappingReader reader, string key, ProblemList problems)
    {
        var text = reader[key] is ConfigNode.Scalar { Kind: ScalarKind.Flag } flag ? flag.Text : reader.Text(key);
        if (text is null)
        {
            return null;
        }
        var condition = Condition.Parse(text, out var problem);
        if (condition is null)
        {
            problems.Add(reader[key]!.Place, ConfigCodes.BadCondition, $"'{key}': {problem}");
        }
        return condition;
    }
}
