using System.Text.Json;
using AgentGrid.Core.Plans;

namespace AgentGrid.Core.Runs;

/// <summary>What a person has decided: <c>{"approved": ..., "comment": ..., "values": {...}}</c>.</summary>
/// <param name="Comment">Why; null for nothing.</param>
public sealed record ApprovalDecision(bool Approved, string? Comment)
{
    /// <summary>How many characters a comment has at most.</summary>
    public const int LongestComment = 2_000;

    private static readonly string[] s_members = ["approved", "comment", "values"];

    /// <summary>Of data in which <see cref="Problems"/> finds nothing.</summary>
    internal static ApprovalDecision Of(Json data)
    {
        var element = data.Element;
        return new ApprovalDecision(
            element.GetProperty("approved").GetBoolean(),
            element.TryGetProperty("comment", out var comment) && comment.ValueKind == JsonValueKind.String
                && comment.GetString() is { Length: > 0 } text ? text : null);
    }

    /// <summary>Everything that is wrong with what somebody has sent; empty when nothing is.</summary>
    internal static IReadOnlyList<string> Problems(Json data, Approval approval)
    {
        var element = data.Element;
        if (element.ValueKind != JsonValueKind.Object)
        {
            return ["expected an object with 'approved': true or false"];
        }
        var problems = new List<string>();
        foreach (var member in element.EnumerateObject().Where(static m => !s_members.Contains(m.Name)))
        {
            problems.Add($"{Names.Shorten(member.Name)}: unknown, there are {string.Join(", ", s_members)}");
        }
        var isTold = element.TryGetProperty("approved", out var approved)
            && approved.ValueKind is JsonValueKind.True or JsonValueKind.False;
        if (!isTold)
        {
            problems.Add("approved: expected true or false");
        }
        if (element.TryGetProperty("comment", out var comment) && comment.ValueKind != JsonValueKind.Null
            && !(comment.ValueKind == JsonValueKind.String && comment.GetString()!.Length <= LongestComment))
        {
            problems.Add($"comment: expected a text of at most {LongestComment} characters");
        }
        element.TryGetProperty("values", out var values);
        if (approval.Form is { } form)
        {
            // Who rejects need not fill it in.
            problems.AddRange(form.Check(values, "values", complete: isTold && approved.GetBoolean()));
        }
        else if (values.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null))
        {
            problems.Add("values: the step has no form");
        }
        return problems;
    }
}
