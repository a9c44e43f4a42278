using System.Collections;

namespace AgentGrid.ClientApi.Hosting;

/// <summary>
/// Reads <c>AGENTGRID_...</c> variables: <c>AGENTGRID_MAX_BODY_BYTES</c> is the option <c>MaxBodyBytes</c>,
/// <c>AGENTGRID_API_KEYS__0__HASH</c> is <c>ApiKeys:0:Hash</c>.
/// </summary>
internal static class EnvironmentSettings
{
    private const string Prefix = "AGENTGRID_";

    public static IEnumerable<KeyValuePair<string, string?>> Read(IDictionary variables)
    {
        foreach (DictionaryEntry variable in variables)
        {
            if (variable is not { Key: string name, Value: string value }
                || !name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }
            switch (name[Prefix.Length..].ToUpperInvariant())
            {
                case "URLS":
                    yield return new(WebHostDefaults.ServerUrlsKey, value);
                    break;
                case "API_KEY_HASH":
                    yield return new($"{ApiOptions.Section}:ApiKeys:environment:Name", "environment");
                    yield return new($"{ApiOptions.Section}:ApiKeys:environment:Hash", value);
                    break;
                case var option:
                    var path = option.Replace("__", ":", StringComparison.Ordinal)
                        .Replace("_", "", StringComparison.Ordinal);
                    yield return new($"{ApiOptions.Section}:{path}", value);
                    break;
            }
        }
    }
}
