using AgentGrid.Core;

namespace AgentGrid.Api;

/// <summary>How receipts of runs are signed.</summary>
public sealed class ReceiptOptions
{
    /// <summary>
    /// A file with a private key in PEM, of the curve P-256, with which receipts are signed. Processes behind one address need the
    /// same. Default none: they are not signed.
    /// </summary>
    public string? Key { get; set; }

    /// <summary>The key; null where there is none, or it cannot be read.</summary>
    /// <param name="problem">Why it cannot be read: what follows the name of the setting. Null when all is well.</param>
    internal static SignatureKey? ReadKey(ReceiptOptions options, out string? problem)
    {
        problem = null;
        if (options.Key is not { } path)
        {
            return null;
        }
        try
        {
            var key = SignatureKey.Read(File.ReadAllText(path), out var wrong);
            problem = wrong is not null ? $"'{path}' {wrong}"
                : !key!.IsPrivate ? $"'{path}' has a public key; to sign, the private one is needed."
                : null;
            return problem is null ? key : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            problem = $"'{path}' cannot be read: {e.Message}";
            return null;
        }
    }
}
