using System.Collections;
using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace AgentGrid.Api.Settings;

/// <summary>
/// What the variables <c>AGENTGRID_...</c> set: <c>AGENTGRID_MAX_BODY_BYTES</c> is the option <c>MaxBodyBytes</c>,
/// <c>AGENTGRID_API_KEYS__0__HASH</c> is <c>ApiKeys:0:Hash</c>.
/// </summary>
internal sealed partial record EnvironmentSettings
{
    /// <summary>Where the command line <c>agentgrid</c> finds the key that it shows. A server is told a hash.</summary>
    public const string ClientKey = "AGENTGRID_API_KEY";

    /// <summary>The name by which one key can be given: <c>AGENTGRID_API_KEY_HASH</c>.</summary>
    public const string KeyName = "ApiKeyHash";

    /// <summary>What variables are named after that is no option.</summary>
    public static readonly ImmutableArray<string> ShortNames = [KeyName, "Urls"];

    private const string Prefix = "AGENTGRID_";
    private const string ClientServer = "AGENTGRID_SERVER";

    private EnvironmentSettings()
    {
    }

    public required ImmutableArray<PlacedSetting> Settings { get; init; }

    /// <summary>Variables that Kubernetes has set for services, and that set nothing here.</summary>
    public required ImmutableArray<string> OfKubernetes { get; init; }

    /// <summary>Variables that begin otherwise.</summary>
    public required ImmutableArray<string> Others { get; init; }

    /// <summary>Whether there is a key for the command line <c>agentgrid</c>.</summary>
    public required bool HasClientKey { get; init; }

    /// <summary>Variables that contradict each other.</summary>
    public required ImmutableArray<string> Problems { get; init; }

    public static EnvironmentSettings Read(IDictionary variables)
    {
        var ours = variables.Keys.Cast<string>()
            .Select(n => (Name: n, Value: (string?)variables[n] ?? "")).Where(v => v.Name.Length > Prefix.Length)
            .OrderBy(v => v.Name, StringComparer.Ordinal)
            .ToLookup(v => IsOurs(v.Name));
        var kubernetes = ours[true].ToLookup(v => KubernetesVariables.IsOne(v.Name, v.Value));
        var written = kubernetes[false].Where(v => v.Name is not (ClientKey or ClientServer))
            .SelectMany(v => Settings(v.Name, v.Value)).ToLookup(s => s.Path, StringComparer.OrdinalIgnoreCase);
        return new EnvironmentSettings
        {
            Settings = [.. written.Select(same => same.First())],
            OfKubernetes = [.. kubernetes[true].Select(v => v.Name)],
            Others = [.. ours[false].Select(v => v.Name)],
            HasClientKey = kubernetes[false].Any(v => v.Name == ClientKey),
            Problems =
            [
                .. written.Where(same => same.Select(s => s.Value).Distinct().Count() > 1)
                    .Select(same => $"{string.Join(" and ", same.Select(s => s.Place))} set the same thing to different values: " +
                        "keep one."),
            ],
        };

        static IEnumerable<PlacedSetting> Settings(string name, string value) => Paths(name).Select(
            p => new PlacedSetting(p.Path, p.Value ?? value.Trim(), name));
    }

    // Where a name may have them, colons are what two underscores are elsewhere.
    private static bool IsOurs(string name) => name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
        || name.StartsWith($"{ApiOptions.Section}:", StringComparison.OrdinalIgnoreCase);

    /// <summary>The variable that sets an option: <c>AGENTGRID_MAX_BODY_BYTES</c>.</summary>
    public static string NameOf(string option) => Prefix + Humps().Replace(option, "_").ToUpperInvariant();

    private static IEnumerable<(string Path, string? Value)> Paths(string name)
    {
        const string keys = $"{ApiOptions.Section}:ApiKeys:environment";
        var option = name[Prefix.Length..].ToUpperInvariant();
        return option switch
        {
            "URLS" => [(WebHostDefaults.ServerUrlsKey, null)],
            "API_KEY_HASH" => [($"{keys}:Name", "environment"), ($"{keys}:Hash", null)],
            _ => [($"{ApiOptions.Section}:{PathOf(option)}", null)],
        };
    }

    private static string PathOf(string option) => option.Replace("__", ":", StringComparison.Ordinal).Trim(':')
        .Replace("_", "", StringComparison.Ordinal);

    [GeneratedRegex("(?<=[a-z0-9])(?=[A-Z])")]
    private static partial Regex Humps();
}
