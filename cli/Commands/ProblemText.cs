using System.Globalization;
using AgentGrid.Core.Documents;

namespace AgentGrid.Cli.Commands;

/// <summary>
/// A mistake as compilers write it, which editors and CI systems know: <c>file(line,col): error CODE: text</c>.
/// </summary>
internal static class ProblemText
{
    public static string Of(ConfigProblem problem) => problem.File is null
        ? $"error {problem.Code}: {problem.Path}: {problem.Message}"
        : string.Create(
            CultureInfo.InvariantCulture,
            $"{problem.File}({problem.Line},{problem.Column}): error {problem.Code}: {problem.Message}");
}
