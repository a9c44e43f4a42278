using AgentGrid.Core.Agents;
using AgentGrid.Core.Documents;

namespace AgentGrid.Engine.Agents;

/// <summary>Finds the secrets that the configuration refers to.</summary>
public static class Secrets
{
    private const string NoSecret = "no_secret";

    /// <exception cref="AgentException">It is not there.</exception>
    public static string Find(SecretReference reference) => reference.Source switch
    {
        SecretSource.Environment => Environment.GetEnvironmentVariable(reference.Name) ?? throw new AgentException(
            NoSecret, $"There is no variable '{reference.Name}' in the server's environment, to which ${{env:{reference.Name}}} refers."),
        SecretSource.File => Read(reference.Name),
        _ => throw new ArgumentOutOfRangeException(nameof(reference), reference.Source, "unknown source"),
    };

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path).TrimEnd('\r', '\n');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentException(NoSecret, $"The file to which ${{file:{path}}} refers cannot be read: {e.Message}", inner: e);
        }
    }
}
