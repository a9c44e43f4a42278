using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AgentGrid.Core.Agents;

namespace AgentGrid.Kinds.Http.Exchanges;

/// <summary>
/// Signatures as <see href="https://www.standardwebhooks.com">Standard Webhooks</see> has them: <c>v1,</c> and the HMAC-SHA256 of
/// id, time and body. Written here, because the library reads the clock of the machine.
/// </summary>
internal static class WebhookSignature
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

    /// <summary>Why a post is not what the owner of the key has sent just now; null when it is.</summary>
    public static string? Problem(byte[] key, CallbackPost post, DateTimeOffset now)
    {
        if (post is not { Id: { Length: > 0 } id, Timestamp: { Length: > 0 } time, Signature: { Length: > 0 } signatures })
        {
            return "'webhook-id', 'webhook-timestamp' and 'webhook-signature' are needed, as Standard Webhooks has them.";
        }
        if (!long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            || Math.Abs((double)seconds - now.ToUnixTimeSeconds()) > s_tolerance.TotalSeconds)
        {
            return $"'webhook-timestamp' must be the time of sending, in seconds since 1970, within {s_tolerance.TotalMinutes} minutes of now.";
        }
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        hmac.AppendData(Encoding.UTF8.GetBytes($"{id}.{time}."));
        hmac.AppendData(post.Body.Span);
        var expected = Encoding.ASCII.GetBytes($"v1,{Convert.ToBase64String(hmac.GetHashAndReset())}");
        // Several, while a sender changes its secret.
        return signatures.Split(' ').Any(s => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(s), expected))
            ? null
            : "None of the signatures in 'webhook-signature' is by the secret that is configured.";
    }
}
