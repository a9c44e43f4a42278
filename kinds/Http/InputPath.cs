using System.Text.Json;
using AgentGrid.Core;
using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Plans;

namespace AgentGrid.Kinds.Http;

/// <summary>Where in an agent's input a value is: <c>input</c> for all of it, <c>input.motion.frames[0].id</c>.</summary>
public sealed class InputPath
{
    /// <summary>All of it.</summary>
    public static readonly InputPath Whole = new(ValuePath.Parse(ValuePath.InputRoot, out _)!);

    private readonly ValuePath _path;

    private InputPath(ValuePath path) => _path = path;

    /// <summary>As it is written in its one canonical form.</summary>
    public string Text => _path.Text;

    /// <summary>Parses a path; null, with the problem at <paramref name="place"/>, when the text is none.</summary>
    /// <param name="what">What the text is, for the message.</param>
    public static InputPath? Parse(string text, string what, ConfigPlace place, ProblemList problems)
    {
        if (ValuePath.Parse(text, out var problem) is not { } path)
        {
            problems.Add(place, ConfigCodes.BadPath, $"{what}: {problem}");
            return null;
        }
        if (path.Root == ValuePath.InputRoot)
        {
            return new InputPath(path);
        }
        var meant = Names.Nearest(path.Root, [ValuePath.InputRoot]) is null
            ? $"{ValuePath.InputRoot}.{path.Text}"
            : ValuePath.InputRoot + path.Text[path.Root.Length..];
        problems.Add(
            place, ConfigCodes.UnknownRoot,
            $"{what}: a path begins with 'input', which is all that the agent is given: did you mean '{Names.Shorten(meant)}'?");
        return null;
    }

    /// <summary>Reads the value of a key; null when it is not there, and when it is no path.</summary>
    public static InputPath? Read(MappingReader reader, string key, ProblemList problems) =>
        reader.Text(key) is { } text ? Parse(text, $"'{key}'", reader[key]!.Place, problems) : null;

    /// <summary>The value in an input.</summary>
    /// <exception cref="AgentException">There is none.</exception>
    public JsonElement Find(Json input) =>
        _path.Find(root => root == ValuePath.InputRoot ? input : null)?.Element ?? throw new AgentException(
            HttpErrors.BadInput, $"The input has no '{Text}', which the agent is configured to use.", retryable: false);
}
