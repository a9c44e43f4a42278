using System.Text.Json;
using System.Text.RegularExpressions;

namespace AgentGrid.Cli.Tests.Docs;

/// <summary>A plan of docs/plans.md with what the comments above it promise.</summary>
/// <param name="Input">What is posted besides the key.</param>
/// <param name="Ends">A status, and the code of the failure where there is one.</param>
/// <param name="Result">Null where none is promised.</param>
internal sealed partial record PlanExample(
    string Name, string Yaml, JsonElement Input, string Ends, JsonElement? Result)
{
    public static PlanExample Of(string yaml) => new(
        PlanName().Match(yaml).Groups[1].Value, yaml,
        JsonElement.Parse(Comment(yaml, "input") ?? "{}"),
        Comment(yaml, "ends") ?? throw new InvalidOperationException($"No '# ends:' in:\n{yaml}"),
        Comment(yaml, "result") is { } result ? JsonElement.Parse(result) : null);

    private static string? Comment(string yaml, string name) =>
        Regex.Match(yaml, $"^# {name}: (.*)$", RegexOptions.Multiline) is { Success: true } match
            ? match.Groups[1].Value
            : null;

    [GeneratedRegex(@"^plans:\n  (\w+):", RegexOptions.Multiline)]
    private static partial Regex PlanName();
}
