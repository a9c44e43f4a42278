using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace AgentGrid.Core;

/// <summary>
/// A key that JSON is signed with (ES256: ECDSA over P-256 and SHA-256), or the public half of one that says whether that was so.
/// </summary>
/// <remarks>
/// A signature is a member <c>signature</c> of the object that it is about: a JSON Web Signature with detached content (RFC 7515,
/// appendix F) over the canonical form (RFC 8785) of the rest. Can be used concurrently.
/// </remarks>
public sealed class SignatureKey
{
    /// <summary>The member that holds a signature.</summary>
    public const string Member = "signature";

    private const string Algorithm = "ES256";

    private readonly ECParameters _key;

    private SignatureKey(ECParameters key)
    {
        _key = key;
        var (x, y) = (Base64Url.EncodeToString(key.Q.X), Base64Url.EncodeToString(key.Q.Y));
        // RFC 7638: these members in this order.
        Id = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(
            $$"""{"crv":"P-256","kty":"EC","x":"{{x}}","y":"{{y}}"}""")));
        Public = Json.From(new { Kty = "EC", Crv = "P-256", X = x, Y = y, Use = "sig", Alg = Algorithm, Kid = Id });
    }

    /// <summary>By which the public half is found: its thumbprint (RFC 7638).</summary>
    public string Id { get; }

    /// <summary>The public half as a JSON Web Key.</summary>
    public Json Public { get; }

    /// <summary>Whether it can sign.</summary>
    public bool IsPrivate => _key.D is not null;

    /// <summary>Reads a key: PEM, a JSON Web Key, or a set of these with one key.</summary>
    /// <param name="problem">What is wrong with it; null when it was read.</param>
    public static SignatureKey? Read(string text, out string? problem)
    {
        problem = "is not a key: expected PEM ('-----BEGIN ...'), or a JSON Web Key.";
        try
        {
            using var key = ECDsa.Create();
            if (text.TrimStart().StartsWith('{'))
            {
                key.ImportParameters(FromJson(JsonElement.Parse(text)));
            }
            else
            {
                key.ImportFromPem(text);
            }
            if (key.KeySize != 256 || key.ExportParameters(false).Curve.Oid.Value != ECCurve.NamedCurves.nistP256.Oid.Value)
            {
                problem = "is a key of another kind: expected one of the curve P-256 (prime256v1).";
                return null;
            }
            var isPrivate = text.Contains("PRIVATE", StringComparison.Ordinal);
            problem = null;
            return new SignatureKey(key.ExportParameters(isPrivate));
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException or JsonException or FormatException
            or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }

    /// <summary>The object with a signature, canonical; one that it has already is replaced.</summary>
    /// <exception cref="InvalidOperationException">It is the public half alone.</exception>
    public Json Sign(Json value)
    {
        if (!IsPrivate)
        {
            throw new InvalidOperationException("A public key cannot sign.");
        }
        var header = Base64Url.EncodeToString(Json.From(new { Alg = Algorithm, Kid = Id }).Utf8.Span);
        using var key = ECDsa.Create(_key);
        var signature = Base64Url.EncodeToString(key.SignData(Signed(header, value.Element), HashAlgorithmName.SHA256));
        return CanonicalJson.Of(Json.Build(writer =>
        {
            writer.WriteStartObject();
            foreach (var member in value.Element.EnumerateObject().Where(static m => m.Name != Member))
            {
                member.WriteTo(writer);
            }
            writer.WriteString(Member, $"{header}..{signature}");
            writer.WriteEndObject();
        }).Element);
    }

    /// <summary>Why an object is not as the owner of the key has signed it, in a sentence; null when it is.</summary>
    public string? Problem(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty(Member, out var member))
        {
            return "It has no signature: the server that made it has no key.";
        }
        if (member.ValueKind != JsonValueKind.String || member.GetString()!.Split('.') is not [var header, "", var signature]
            || Decode(header) is not { } headerBytes || Decode(signature) is not { } bytes || Header(headerBytes) is not { } kid)
        {
            return $"Its signature is damaged, or not one that Agent Grid makes ({Algorithm}, detached).";
        }
        if (kid != Id)
        {
            return $"It was signed with another key: {Names.Shorten(kid)}, and not {Id}.";
        }
        using var key = ECDsa.Create(_key);
        return key.VerifyData(Signed(header, value), bytes, HashAlgorithmName.SHA256)
            ? null
            : "It has been changed since it was signed, or the signature is not of this key.";
    }

    private static byte[] Signed(string header, JsonElement value) =>
        Encoding.ASCII.GetBytes($"{header}.{Base64Url.EncodeToString(CanonicalJson.Of(value, Member).Utf8.Span)}");

    // The last letter has bits to spare: two texts would be the same bytes.
    private static byte[]? Decode(string text)
    {
        var bytes = new byte[Base64Url.GetMaxDecodedLength(text.Length)];
        return Base64Url.IsValid(text) && Base64Url.TryDecodeFromChars(text, bytes, out var length)
            && Base64Url.EncodeToString(bytes.AsSpan(0, length)) == text
            ? bytes[..length]
            : null;
    }

    // Nothing else may stand in it: what one does not understand, one must refuse.
    private static string? Header(byte[] header)
    {
        try
        {
            var read = JsonElement.Parse(header);
            return read.EnumerateObject().Count() == 2 && read.GetProperty("alg").GetString() == Algorithm ? read.GetProperty("kid").GetString() : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }

    private static ECParameters FromJson(JsonElement key)
    {
        if (key.TryGetProperty("keys", out var all))
        {
            key = all.EnumerateArray().Single();
        }
        byte[] Of(string name) => Base64Url.DecodeFromChars(key.GetProperty(name).GetString());
        return new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = Of("x"), Y = Of("y") } };
    }
}
