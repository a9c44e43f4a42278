using System.Security.Cryptography;

namespace AgentGrid.Engine.Artifacts;

/// <summary>What artifacts are named by in their stores.</summary>
internal static class ArtifactHash
{
    /// <summary>The SHA-256 of bytes, in 64 lower-case hexadecimal digits.</summary>
    public static string Of(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
