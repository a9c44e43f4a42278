using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace AgentGrid.Api.Security;

/// <summary>
/// API keys and their hashes. A key has 256 random bits, so that one round of SHA-256 is enough: there is nothing to
/// guess that salt or a slow hash would protect.
/// </summary>
public static class KeyHash
{
    private const string Prefix = "sha256:";
    private static readonly byte[] s_ofNothing = SHA256.HashData([]);

    /// <summary>A fresh key: <c>ag_</c> and 43 characters that need no quoting anywhere.</summary>
    public static string NewKey() => $"ag_{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32))}";

    /// <summary>The form in which a key is stored.</summary>
    public static string Of(string key) =>
        Prefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    /// <summary>What comes of hashing a variable that is not set.</summary>
    internal static bool IsOfNothing(ReadOnlySpan<byte> hash) => hash.SequenceEqual(s_ofNothing);

    internal static byte[]? Parse(string? hash) =>
        hash is { Length: 71 } && hash.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)
        && hash.AsSpan(Prefix.Length).IndexOfAnyExcept("0123456789abcdefABCDEF") < 0
            ? Convert.FromHexString(hash.AsSpan(Prefix.Length))
            : null;
}
