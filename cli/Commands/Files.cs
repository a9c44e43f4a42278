using System.Text;
using System.Text.Json;
using AgentGrid.Core;

namespace AgentGrid.Cli.Commands;

/// <summary>Files that the command line names.</summary>
internal static class Files
{
    private static readonly string[] s_planEndings = [".yaml", ".yml", ".json"];

    public static bool IsPlanFile(string path) => s_planEndings.Contains(Path.GetExtension(path).ToLowerInvariant());

    public static Task<string> ReadAsync(string path, CancellationToken cancellationToken) =>
        ReadAsync($"'{path}'", () => Utf8.Reader(File.OpenRead(path)), cancellationToken);

    public static async Task<Json> ReadJsonAsync(string path, CancellationToken cancellationToken) =>
        Parse($"'{path}'", await ReadAsync(path, cancellationToken));

    /// <summary>Reads a file, or standard input, to its end.</summary>
    /// <param name="what">What it is called in messages.</param>
    public static async Task<string> ReadAsync(
        string what, Func<TextReader> open, CancellationToken cancellationToken)
    {
        try
        {
            using var reader = open();
            return await reader.ReadToEndAsync(cancellationToken);
        }
        catch (DecoderFallbackException e)
        {
            throw new CliException(ExitCode.Usage, $"{what} is not UTF-8: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"{what} cannot be read: {e.Message}", e);
        }
    }

    public static Json Parse(string what, string text)
    {
        try
        {
            return Json.Parse(text);
        }
        catch (JsonException e)
        {
            throw new CliException(ExitCode.Usage, $"{what} is not JSON: {e.Message}", e);
        }
    }
}
