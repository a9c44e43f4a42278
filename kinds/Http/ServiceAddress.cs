namespace AgentGrid.Kinds.Http;

/// <summary>What an address of a service has to be.</summary>
public static class ServiceAddress
{
    /// <summary>Why a text cannot be one; null when it can.</summary>
    public static string? Problem(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.Host.Length == 0)
        {
            return "an address is absolute and begins with http:// or https://.";
        }
        if (url.UserInfo.Length > 0)
        {
            return "addresses are shown, so names and passwords do not belong there: put them in the header 'Authorization', as a secret.";
        }
        return url.Fragment.Length > 0 ? "what comes after '#' is never sent: leave it out." : null;
    }
}
