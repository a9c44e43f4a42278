using System.Collections.Immutable;
using AgentGrid.Core;

namespace AgentGrid.Api.Settings;

/// <summary>The settings that a program has, and what a name that is none of them was to be.</summary>
public sealed record SettingNames
{
    /// <summary>Those of the client API, which every program with one has.</summary>
    public static readonly SettingNames Api = new()
    {
        All = [.. typeof(ApiOptions).GetProperties().Select(p => p.Name), WebhookSettings.Section, ArtifactSettings.Section],
        Access =
        [
            nameof(ApiOptions.ApiKeys), nameof(ApiOptions.Insecure), nameof(ApiOptions.TrustedHosts),
            nameof(ApiOptions.TicketSecret), WebhookSettings.Section,
        ],
    };

    // What settings of access are called elsewhere: who has written one of these believes that it protects something.
    private static readonly string[] s_words =
    [
        "apikey", "hash", "scope", "auth", "token", "secret", "passw", "credential", "trust", "secure", "security",
        "allow", "anonym", "tls", "ssl", "cert", "cors", "origin", "proxy", "proxies", "login", "permission",
    ];

    /// <summary>All of them, as they are written below the section <c>AgentGrid</c>.</summary>
    public required ImmutableArray<string> All { get; init; }

    /// <summary>Those that decide who may do what.</summary>
    public required ImmutableArray<string> Access { get; init; }

    internal bool Has(string name) => All.Contains(name, StringComparer.OrdinalIgnoreCase);

    /// <summary>The setting that was meant by a name, if one is near enough.</summary>
    /// <param name="more">Further names that could have been meant.</param>
    internal string? Nearest(string name, params ReadOnlySpan<string> more) =>
        Names.Nearest(name.Replace("_", "", StringComparison.Ordinal), [.. All, .. more]);

    /// <summary>Whether somebody who writes this name wants to say who may do what.</summary>
    internal bool IsAboutAccess(string name)
    {
        var bare = name.Replace("_", "", StringComparison.Ordinal).ToLowerInvariant();
        return Access.Contains(bare, StringComparer.OrdinalIgnoreCase)
            || (!Has(bare) && (Nearest(bare) is { } nearest && Access.Contains(nearest)
                || bare.EndsWith("key", StringComparison.Ordinal) || bare.EndsWith("keys", StringComparison.Ordinal)
                || s_words.Any(w => bare.Contains(w, StringComparison.Ordinal))));
    }

    /// <summary>These, and those of a program of its own.</summary>
    /// <param name="access">Which of them decide who may do what.</param>
    public SettingNames With(IEnumerable<string> more, params IEnumerable<string> access) => new()
    {
        All = [.. All.Union(more)],
        Access = [.. Access.Union(access)],
    };
}
