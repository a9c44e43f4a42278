using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace AgentGrid.Core.Tests;

/// <summary>JSON in its canonical form, and its signatures.</summary>
public sealed class SignatureTests
{
    private static readonly SignatureKey s_key = NewKey();

    // From RFC 8785: section 3.2.2 and 3.2.3, and numbers of appendix B.
    [Theory]
    [InlineData(
        """{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}""",
        """{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}""")]
    [InlineData("""{ "\u20ac":1, "\r":2, "\ufb33":3, "1":4, "\ud83d\ude00":5, "\u0080":6, "\u00f6":7 }""", "{\"\\r\":2,\"1\":4,\"\u0080\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\ufb33\":3}")]
    [InlineData("[0, -0.0, 1e21, 1e20, 0.000001, 1e-7, -1.5, 9007199254740993, [], {}]", "[0,0,1e+21,100000000000000000000,0.000001,1e-7,-1.5,9007199254740992,[],{}]")]
    public void Of_AnyValue_IsWrittenInOneWay(string text, string canonical)
    {
        Assert.Equal(canonical, CanonicalJson.Of(JsonElement.Parse(text)).ToString());
        Assert.Equal(canonical, CanonicalJson.Of(JsonElement.Parse(canonical)).ToString());
    }

    [Fact]
    public void Problem_OfWhatWasSigned_IsNoneInAnyOrderAndLayout()
    {
        var signed = s_key.Sign(Json.Parse("""{"b":[1.50,"ä"],"a":{"z":1,"y":null}}"""));

        Assert.Null(s_key.Problem(signed.Element));
        Assert.Null(s_key.Problem(JsonElement.Parse(JsonSerializer.Serialize(
            new SortedDictionary<string, JsonElement>(signed.To<Dictionary<string, JsonElement>>()!), new JsonSerializerOptions { WriteIndented = true }))));
        Assert.Null(s_key.Problem(s_key.Sign(signed).Element));
    }

    [Fact]
    public void Problem_AnyByteChanged_IsFound()
    {
        var signed = s_key.Sign(Json.Parse("""{"run_id":"0199","status":"completed","seconds":1.25,"steps":[{"step":"a","ok":true}]}""")).Utf8.ToArray();
        var strict = new JsonDocumentOptions { AllowDuplicateProperties = false };
        var passed = new List<int>();
        for (var i = 0; i < signed.Length; i++)
        {
            foreach (var bit in (byte[])[1, 2, 32])
            {
                signed[i] ^= bit;
                try
                {
                    if (s_key.Problem(JsonElement.Parse(signed, strict)) is null)
                    {
                        passed.Add(i);
                    }
                }
                catch (Exception e) when (e is JsonException or InvalidOperationException)
                {
                    // It is not JSON any more.
                }
                signed[i] ^= bit;
            }
        }

        Assert.Empty(passed);
        Assert.Null(s_key.Problem(JsonElement.Parse(signed, strict)));
    }

    [Fact]
    public void Problem_OtherKeyOrNoSignature_SaysWhich()
    {
        var other = NewKey();
        var signed = s_key.Sign(Json.Parse("{}"));

        Assert.Equal($"It was signed with another key: {s_key.Id}, and not {other.Id}.", other.Problem(signed.Element));
        Assert.StartsWith("It has no signature", s_key.Problem(JsonElement.Parse("{}")), StringComparison.Ordinal);
        Assert.StartsWith("Its signature is damaged", s_key.Problem(JsonElement.Parse("""{"signature":"e30..AA"}""")), StringComparison.Ordinal);
        Assert.StartsWith("It has no signature", s_key.Problem(JsonElement.Parse("7")), StringComparison.Ordinal);
    }

    // As any library for JSON Web Signatures does it.
    [Fact]
    public void Sign_AnyObject_IsADetachedJsonWebSignature()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var signed = SignatureKey.Read(key.ExportECPrivateKeyPem(), out _)!.Sign(Json.Parse("""{"b":1,"a":2}"""));

        Assert.StartsWith("""{"a":2,"b":1,"signature":"e""", signed.ToString(), StringComparison.Ordinal);
        var parts = signed.Element.GetProperty("signature").GetString()!.Split("..");
        Assert.StartsWith("""{"alg":"ES256","kid":""", Encoding.UTF8.GetString(System.Buffers.Text.Base64Url.DecodeFromChars(parts[0])), StringComparison.Ordinal);
        Assert.True(key.VerifyData(
            Encoding.ASCII.GetBytes($"{parts[0]}.{System.Buffers.Text.Base64Url.EncodeToString("""{"a":2,"b":1}"""u8)}"),
            System.Buffers.Text.Base64Url.DecodeFromChars(parts[1]), HashAlgorithmName.SHA256));
    }

    [Fact]
    public void Read_AnyForm_IsTheSameKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var whole = SignatureKey.Read(key.ExportPkcs8PrivateKeyPem(), out _)!;

        foreach (var text in (string[])[key.ExportECPrivateKeyPem(), key.ExportSubjectPublicKeyInfoPem(), whole.Public.ToString(), $$"""{"keys":[{{whole.Public}}]}"""])
        {
            var read = SignatureKey.Read(text, out var problem);
            Assert.Null(problem);
            Assert.Equal((whole.Id, text.Contains("PRIVATE", StringComparison.Ordinal)), (read!.Id, read.IsPrivate));
            Assert.Null(read.Problem(whole.Sign(Json.EmptyObject).Element));
        }
    }

    [Fact]
    public void Read_WhatIsNoSuchKey_SaysWhatIsExpected()
    {
        using var rsa = RSA.Create(2048);
        using var large = ECDsa.Create(ECCurve.NamedCurves.nistP384);

        foreach (var text in (string[])["", "nothing", "{}", """{"keys":[]}""", rsa.ExportPkcs8PrivateKeyPem()])
        {
            Assert.Null(SignatureKey.Read(text, out var problem));
            Assert.StartsWith("is not a key: expected PEM", problem, StringComparison.Ordinal);
        }
        Assert.Null(SignatureKey.Read(large.ExportPkcs8PrivateKeyPem(), out var kind));
        Assert.Contains("expected one of the curve P-256", kind, StringComparison.Ordinal);
    }

    private static SignatureKey NewKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return SignatureKey.Read(key.ExportPkcs8PrivateKeyPem(), out _)!;
    }
}
