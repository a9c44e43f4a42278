using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AgentGrid.Core;

/// <summary>
/// Signatures as <see href="https://www.standardwebhooks.com">Standard Webhooks</see> has them: <c>v1,</c> and the HMAC-SHA256 of
/// id, time and body. Written here, because the library reads the clock of the machine.
/// </summary>
public static class WebhookSignature
{
    private const string Prefix = "whsec_";
    private static readonly TimeSpan s_tolerance = TimeSpan.FromMinutes(5);

    /// <summary>The key that a secret stands for: Base64, after <c>whsec_</c> or alone; null when it is none.</summary>
    public static byte[]? KeyOf(string secret)
    {
        var text = secret.StartsWith(Prefix, StringComparison.Ordinal) ? secret[Prefix.Length..] : secret;
        var key = new byte[text.Length];
        return Convert.TryFromBase64String(text, key, out var length) && length > 0 ? key[..length] : null;
    }

    /// <summary>The key to sign with that a secret stands for; null when it is none, or not of the 24 to 64 bytes that are asked for.</summary>
    public static byte[]? SigningKeyOf(string secret) => KeyOf(secret) is { Length: >= 24 and <= 64 } key ? key : null;

    /// <summary>What a post is signed with.</summary>
    /// <param name="id">The header <c>webhook-id</c>.</param>
    /// <param name="time">The header <c>webhook-timestamp</c>: seconds since 1970.</param>
    public static string Sign(byte[] key, string id, string time, ReadOnlySpan<byte> body)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        hmac.AppendData(Encoding.UTF8.GetBytes($"{id}.{time}."));
        hmac.AppendData(body);
        return $"v1,{Convert.ToBase64String(hmac.GetHashAndReset())}";
    }

    /// <summary>Why a post is not what the owner of the key has sent just now; null when it is.</summary>
    /// <param name="id">Its header <c>webhook-id</c>; null without.</param>
    /// <param name="time">Its header <c>webhook-timestamp</c>; null without.</param>
    /// <param name="signatures">Its header <c>webhook-signature</c>; null without.</param>
    public static string? Problem(
        byte[] key, string? id, string? time, string? signatures, ReadOnlySpan<byte> body, DateTimeOffset now)
    {
        if (string.IsNullOrEmpty(id) || string.IsNullOrEmpty(time) || string.IsNullOrEmpty(signatures))
        {
            return "'webhook-id', 'webhook-timestamp' and 'webhook-signature' are required by Standard Webhooks.";
        }
        if (!long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            || Math.Abs((double)seconds - now.ToUnixTimeSeconds()) > s_tolerance.TotalSeconds)
        {
            return $"'webhook-timestamp' must be the time of sending, in seconds since 1970, within {s_tolerance.TotalMinutes} minutes of now.";
        }
        var expected = Encoding.ASCII.GetBytes(Sign(key, id, time, body));
        // Several, while a sender changes its secret.
        return signatures.Split(' ').Any(s => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(s), expected))
            ? null
            : "None of the signatures in 'webhook-signature' was made with the configured secret.";
    }
}
