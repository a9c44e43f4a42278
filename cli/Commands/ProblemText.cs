using System.Globalization;
using AgentGrid.Core.Documents;

namespace AgentGrid.Cli.Commands;

/// <summary>
/// A mistake as compilers write it, which editors and CI systems know: <c>file(line,col): error CODE: text</c>.
/// </summary>
internal static class ProblemText
{
    public static string Of(ConfigProblem problem) => Of(problem, "error");

    public static string OfWarning(ConfigProblem problem) => Of(problem, "warning");

    private static string Of(ConfigProblem problem, string kind) => problem.File is null
        ? $"{kind} {problem.Code}: {problem.Path}: {problem.Message}"
        : string.Create(
            CultureInfo.InvariantCulture,
            $"{problem.File}({problem.Line},{problem.Column}): {kind} {problem.Code}: {problem.Message}");
}
