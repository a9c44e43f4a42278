using AgentGrid.Core;
using AgentGrid.Core.Documents;
using AgentGrid.Core.Grid;

namespace AgentGrid.Api.Settings;

/// <summary>Reads <see cref="WebhookOptions"/>, for programs that have an engine.</summary>
public static class WebhookSettings
{
    /// <summary>The name of the section below <c>AgentGrid</c>.</summary>
    public const string Section = "Webhooks";

    private const int MostHosts = 1_000;

    private static readonly TimeSpan s_shortest = TimeSpan.FromMilliseconds(1);
    private static readonly string[] s_members = [.. typeof(WebhookOptions).GetProperties().Select(p => p.Name)];

    /// <summary>Everything in the section is understood or refused: who writes it decides where runs are told of.</summary>
    public static void Read(SectionReader reader, WebhookOptions options)
    {
        static string Of(string name) => $"{Section}:{name}";
        reader.CheckMembers(Section, s_members);
        var hosts = reader.Commas(Of(nameof(options.AllowedHosts))) ?? [];
        foreach (var host in hosts.Where(h => !IsHost(h)).Take(MostHosts))
        {
            reader.Problem(
                Of(nameof(options.AllowedHosts)),
                $" has '{Names.Shorten(host)}'; expected hosts such as hooks.example.org, *.example.org or 10.0.0.7:8080.");
        }
        options.AllowedHosts.AddRange(hosts);
        options.Secret = reader.Text(Of(nameof(options.Secret)), options.Secret, show: static _ => "set");
        if (options.Secret is { } secret && SecretProblem(secret) is { } problem)
        {
            reader.Problem(Of(nameof(options.Secret)), problem);
        }
        options.Timeout = reader.Duration(Of(nameof(options.Timeout)), options.Timeout, s_shortest, TimeSpan.FromMinutes(5));
        options.RetryAfter = reader.Duration(
            Of(nameof(options.RetryAfter)), options.RetryAfter, s_shortest, TimeSpan.FromHours(1));
        options.GiveUpAfter = reader.Duration(
            Of(nameof(options.GiveUpAfter)), options.GiveUpAfter, TimeSpan.Zero, TimeSpan.FromDays(7));
    }

    private static bool IsHost(string text)
    {
        var host = text.StartsWith("*.", StringComparison.Ordinal) ? text[2..] : text;
        return host.Length > 0 && !host.Contains('/', StringComparison.Ordinal)
            && Uri.TryCreate($"http://{host}", UriKind.Absolute, out var address) && address is { UserInfo: "", PathAndQuery: "/" };
    }

    // It is never quoted.
    private static string? SecretProblem(string secret) => SecretText.Parse(secret, out var problem) switch
    {
        null => $": {problem}",
        var text when !text.References.Any() && WebhookSignature.SigningKeyOf(secret) is null =>
            " is not a Standard Webhooks secret: expected 'whsec_' and Base64 of 24 to 64 random bytes, or where it is, " +
            "${file:/run/secrets/webhooks}.",
        _ => null,
    };
}
