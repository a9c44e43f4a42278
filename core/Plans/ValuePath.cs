using System.Collections.Immutable;
using System.Text.Json;

namespace AgentGrid.Core.Plans;

/// <summary>
/// Where a value is: a root (a step's id, or <c>input</c> for what was posted), then names and indices:
/// <c>perception.players[0].id</c>, <c>input.grid_snapshot.players</c>. A name with other characters is quoted:
/// <c>input["odd name"]</c>.
/// </summary>
public sealed record ValuePath
{
    /// <summary>The root that stands for the run's input.</summary>
    public const string InputRoot = "input";

    private ValuePath(string text, string root, ImmutableArray<object> segments) =>
        (Text, Root, Segments) = (text, root, segments);

    public string Text { get; }
    public string Root { get; }

    /// <summary>A string for a name, an int for an index.</summary>
    private ImmutableArray<object> Segments { get; }

    /// <summary>Parses a path; null, with a problem that says where, when the text is not one.</summary>
    public static ValuePath? Parse(string text, out string? problem) => throw new NotImplementedException();

    /// <summary>The value, or null when something on the way does not exist.</summary>
    /// <param name="root">Gives the value of a root; null when it has none.</param>
    public JsonElement? Resolve(Func<string, JsonElement?> root) => throw new NotImplementedException();

    public bool Equals(ValuePath? other) => other?.Text == Text;

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Text;
}
